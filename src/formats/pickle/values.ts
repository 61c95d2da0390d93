/** What may be the key of a dictionary here; byte strings become text. */
export type Key = string | number | bigint | boolean | null;

/**
 * What a pickle may hold here. Lists and tuples are arrays, dictionaries are Maps, integers are numbers unless they are too
 * large to be exact, byte strings (and the strings of Python 2) are views into the file. Values may be shared, but there are
 * no loops.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Map<Key, Value> | GlobalReference | PickledObject;

/** A name from the allow-list that was mentioned, such as the type of a storage. It does nothing by itself. */
export class GlobalReference {
  constructor(
    /** Module and name: `torch.FloatStorage`. */
    readonly name: string,
    readonly global: Global,
  ) {}
}

/** An object that a global of the allow-list made and that is no plain value: an array, a tensor. */
export abstract class PickledObject {
  /** What it is, for messages: `an array`. */
  abstract readonly kind: string;
}

/** What stands behind a name of the allow-list. Only what is given here can happen. */
export interface Global {
  /** What calling it, or making an object of it, gives; it throws a {@link Refusal} when the arguments are not as expected. */
  readonly call?: (args: readonly Value[]) => Value;
  /** Takes over the state of an object that `call` made. Without it, no object of this name can be given a state. */
  readonly build?: (object: Value, state: Value) => void;
}

/** The allow-list: what a pickle may ask for, by module and name. Names are those of Python 3. */
export type Globals = ReadonlyMap<string, Global>;

/** Why a pickle is refused; whoever reads the pickle adds the file, the opcode and its position. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    message: string,
    /** What to do, where it is not what the reader's options say. */
    readonly remedy?: string,
  ) {
    super(message);
  }
}

/** The text of a string, whichever Python wrote it; undefined for anything else. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? latin1(value) : undefined;
}

/** One character for each byte. (What the web calls latin1 in TextDecoder is Windows-1252.) */
export function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 8192) parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  return parts.join('');
}

/** A value as the key of a dictionary. */
export function keyOf(value: Value): Key {
  const key = textOf(value) ?? value;
  if (key !== null && typeof key === 'object') throw new Refusal(`it uses ${kindOf(value)} as a key`);
  return key;
}

/** Longest name that a message repeats. */
const QUOTED = 80;

/** A name from a file for a message: on one line, with whatever is odd in it made visible. */
export function quoted(name: string): string {
  const short = name.length > QUOTED ? `${name.slice(0, QUOTED)}...` : name;
  const escaped = short.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}

/** What a value is, in words for messages. */
export function kindOf(value: Value | undefined): string {
  if (value === null || value === undefined) return 'nothing';
  if (value instanceof PickledObject) return value.kind;
  if (value instanceof GlobalReference) return `the name ${quoted(value.name)}`;
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Map) return 'a dictionary';
  if (Array.isArray(value)) return 'a list';
  return (
    { boolean: 'a truth value', number: 'a number', bigint: 'a number', string: 'a string' }[typeof value as string] ?? 'something else'
  );
}
