import { type Result, resultSchema } from './result.js';

const width = 140;

/**
 * The text of `result.json`, which `readResult` reads back: what fits on a line of 140 characters stands on one, so
 * that a feature map or an epoch is a line. Throws when the result does not fit its schema, so that no unreadable file is written.
 */
export function writeResult(result: Result): string {
  const plain: unknown = JSON.parse(JSON.stringify(result));
  resultSchema.parse(plain);
  return `${layOut(plain, '')}\n`;
}

/** @param label what stands before the value on its line. */
function layOut(value: unknown, indent: string, label = ''): string {
  const line = oneLine(value);
  if (typeof value !== 'object' || value === null || indent.length + label.length + line.length < width) return label + line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const items = Array.isArray(value)
    ? value.map((item) => layOut(item, inner))
    : Object.entries(value).map(([key, item]) => layOut(item, inner, `${JSON.stringify(key)}: `));
  return `${label}${open}\n${items.map((item) => inner + item).join(',\n')}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
