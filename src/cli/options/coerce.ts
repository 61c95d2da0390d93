import type { Field } from './fields.js';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FRACTION = /^(\d+\.?\d*)\/(\d+\.?\d*)$/;

/**
 * Turns what was typed, or stood in a file, into the type that an option has. What cannot be turned is returned as it is,
 * for the option's schema to refuse. Numbers may be fractions, as in `8/255`; lists are separated by commas; the
 * case of a choice does not matter, nor whether a scheduler's name ends in LR.
 */
export function coerce(value: unknown, field: Field): unknown {
  switch (field.kind) {
    case 'number':
    case 'integer':
      return typeof value === 'string' ? numberFrom(value) : value;
    case 'boolean':
      return typeof value === 'string' ? ({ true: true, false: false }[value.toLowerCase()] ?? value) : value;
    case 'list':
      return listFrom(value);
    case 'choice':
      return field.choices.find((choice) => plain(choice) === plain(value)) ?? value;
    case 'text':
      return typeof value === 'number' ? String(value) : value;
  }
}

function numberFrom(text: string): number | string {
  if (NUMBER.test(text)) return Number(text);
  const [, over, under] = FRACTION.exec(text) ?? [];
  return over === undefined || Number(under) === 0 ? text : Number(over) / Number(under);
}

function listFrom(value: unknown): unknown {
  const items = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [value];
  return items.map((item) => (typeof item === 'string' ? numberFrom(item.trim()) : item));
}

function plain(value: unknown): string {
  return String(value).toLowerCase().replace(/lr$/, '');
}
