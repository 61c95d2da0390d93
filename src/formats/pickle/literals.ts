import { latin1, Refusal } from './values.js';

/** Most bytes of a number. Nothing here needs more, and reading very long decimals takes long. */
const MAX_NUMBER = 1024;
/** Most bytes of a string; a JavaScript string cannot be much longer. */
const MAX_TEXT = 2 ** 28;

/** An integer as a number where that is exact. */
export function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** An integer from its two's complement, little-endian. */
export function longFromBytes(bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_NUMBER) throw new Refusal(`a number of ${bytes.length} bytes is too long`);
  if (bytes.length === 0) return 0;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).reverse();
  return integer(BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits.join('')}`)));
}

/** An integer in decimal, with the L that Python 2 puts behind a long one. */
export function longFromText(line: Uint8Array): number | bigint {
  const text = shortText(line);
  if (!/^[+-]?\d+L?$/.test(text)) throw new Refusal('it is no whole number');
  return integer(BigInt(text.replace(/^\+|L$/g, '')));
}

/** An integer in decimal, or a truth value, which protocol 0 writes as 00 and 01. */
export function intFromText(line: Uint8Array): number | bigint | boolean {
  const text = shortText(line);
  return text === '00' ? false : text === '01' ? true : longFromText(line);
}

/** A number as Python's repr writes it. */
export function floatFromText(line: Uint8Array): number {
  const text = shortText(line);
  const [, sign, special] = /^([+-]?)(inf|nan)$/.exec(text) ?? [];
  if (special) return special === 'nan' ? Number.NaN : sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Refusal('it is no number');
  return Number(text);
}

/** Text in UTF-8. */
export function utf8(bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT) throw new Refusal(`a text of ${bytes.length} bytes is too long`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal('it holds text that is not UTF-8');
  }
}

/** Text of protocol 0: latin-1, everything else as \uXXXX or \UXXXXXXXX. */
export function rawUnicode(line: Uint8Array): string {
  if (line.length > MAX_TEXT) throw new Refusal(`a text of ${line.length} bytes is too long`);
  return latin1(line).replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (_, short: string, long: string) => {
    const code = Number.parseInt(short ?? long, 16);
    if (code > 0x10ffff) throw new Refusal('it holds a character that does not exist');
    return String.fromCodePoint(code);
  });
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** A byte string as Python 2's repr writes it: in quotes, with escapes. */
export function quotedBytes(line: Uint8Array): Uint8Array {
  if (line.length > MAX_TEXT) throw new Refusal(`a string of ${line.length} bytes is too long`);
  const [, , body] = /^(['"])(.*)\1$/s.exec(latin1(line)) ?? [];
  if (body === undefined) throw new Refusal('its string is not in quotes');
  const plain = body.replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/gs, (_, hex?: string, octal?: string, letter?: string) => {
    if (hex ?? octal) return String.fromCharCode(Number.parseInt((hex ?? octal) as string, hex ? 16 : 8) & 255);
    return escapes[letter as string] ?? (letter as string);
  });
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function shortText(line: Uint8Array): string {
  if (line.length > MAX_NUMBER) throw new Refusal(`a number of ${line.length} digits is too long`);
  return latin1(line);
}
