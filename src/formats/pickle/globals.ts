import { type Global, type Globals, type Key, keyOf, kindOf, quoted, Refusal, textOf, type Value } from './values.js';

/** A name that may be mentioned and nothing else. */
const mentioned: Global = {};

/** An empty or filled dictionary; what `build` gives an ordered dictionary beside its items (PyTorch's versions) is left out. */
const dictionary: Global = {
  call: ([items = new Map()]) => {
    if (items instanceof Map) return items;
    // Python 2 writes an ordered dictionary as a list of pairs.
    if (Array.isArray(items)) return new Map(items.map(pairOf));
    throw new Refusal(`it makes a dictionary of ${kindOf(items)}`);
  },
  build: () => {},
};

function pairOf(item: Value): [Key, Value] {
  if (!Array.isArray(item) || item.length !== 2) throw new Refusal(`it takes ${kindOf(item)} for a key and its value`);
  return [keyOf(item[0]), item[1]];
}

/** The first argument is what makes missing values, which a dictionary that is only read does not need. */
const defaultDictionary: Global = { call: () => new Map() };

/** An object that is nothing but its attributes, as argparse's; it becomes a dictionary. */
const attributes: Global = {
  call: (args) => {
    if (args.length > 0) throw new Refusal('it makes an object of attributes in an unusual way');
    return new Map();
  },
  build: (object, state) => {
    if (!(state instanceof Map)) throw new Refusal(`it takes ${kindOf(state)} for attributes`);
    for (const [name, value] of state) (object as typeof state).set(name, value);
  },
};

/** Bytes as protocol 2 writes them: text of which each character is one. */
const encode: Global = {
  call: ([text, encoding]) => {
    const name = textOf(encoding)?.toLowerCase().replace(/[-_]/g, '');
    if (typeof text !== 'string' || (name !== 'latin1' && name !== 'iso88591'))
      throw new Refusal('it encodes text otherwise than in latin1');
    return bytesOfLatin1(text);
  },
};

const bytes: Global = {
  call: ([content = new Uint8Array(0), encoding]) => {
    if (typeof content === 'string') return encode.call?.([content, encoding ?? null]) ?? null;
    if (content instanceof Uint8Array) return content;
    throw new Refusal(`it makes bytes of ${kindOf(content)}`);
  },
};

/** One byte for each character. */
function bytesOfLatin1(text: string): Uint8Array {
  const result = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new Refusal(`it makes a byte of the character ${quoted(text[i])}`);
    result[i] = code;
  }
  return result;
}

/** Names that plain Python data need: dictionaries of every kind, bytes, and the types that these mention. */
export const plainGlobals: Globals = new Map<string, Global>([
  ['collections.OrderedDict', dictionary],
  ['collections.Counter', dictionary],
  ['collections.defaultdict', defaultDictionary],
  ['argparse.Namespace', attributes],
  ['_codecs.encode', encode],
  ['builtins.bytes', bytes],
  ['builtins.bytearray', bytes],
  ...['int', 'float', 'bool', 'str', 'list', 'dict', 'tuple'].map((name): [string, Global] => [`builtins.${name}`, mentioned]),
]);

/** Several allow-lists as one. */
export function mergeGlobals(...lists: readonly Globals[]): Globals {
  return new Map(lists.flatMap((list) => [...list]));
}

/** The argument as a whole number of at least 0, or a refusal that names what it should have been. */
export function countOf(value: Value | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Refusal(`it gives ${kindOf(value)} for ${what}`);
  return value;
}

/** The argument as a list of whole numbers of at least 0. */
export function countsOf(value: Value | undefined, what: string): number[] {
  if (!Array.isArray(value)) throw new Refusal(`it gives ${kindOf(value)} for ${what}`);
  return value.map((item) => countOf(item, what));
}
