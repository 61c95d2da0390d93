import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { readFixtureBytes } from '../../testing/fixtures.js';
import { plainGlobals } from './globals.js';
import { readPickle, type UnpickleOptions, unpickle } from './unpickle.js';
import { type Global, GlobalReference, type Key, textOf, type Value } from './values.js';

/** A pickle from its opcodes, one character for each byte. */
const bytes = (...parts: string[]) => Uint8Array.from(parts.join(''), (character) => character.charCodeAt(0));
const load = (...parts: string[]) => unpickle(bytes(...parts), 'p', { globals: plainGlobals });

function refused(why: RegExp, pickle: Uint8Array, options: UnpickleOptions = { globals: plainGlobals }): void {
  assert.throws(
    () => unpickle(pickle, 'm.pkl', options),
    (error) =>
      error instanceof UserError && !error.message.includes('\n') && error.message.startsWith('m.pkl: ') && why.test(error.message),
    String(why),
  );
}

/** Text whatever Python wrote it, everything else as it is. */
function plain(value: Value): unknown {
  if (value instanceof Uint8Array) return textOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
  return value;
}

describe('values of every kind are read', () => {
  for (let protocol = 0; protocol <= 5; protocol++) {
    test(`from protocol ${protocol}`, () => {
      const loaded = unpickle(readFixtureBytes(`formats/protocol${protocol}.pkl`), 'p', { globals: plainGlobals }) as Map<Key, Value>;
      const nested = new Map([['a', new Map([['b', [new Map([['c', []]])]]])]]);
      const big = [2 ** 53, -(2 ** 62), 2 ** 100].map((value) => BigInt(value));
      const expected = new Map<Key, unknown>([
        ['numbers', [0, 1, -1, 255, 256, 65535, 65536, -(2 ** 31), 2 ** 31, ...big]],
        ['floats', [0.5, -1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
        ['truth', [true, false, null]],
        ['text', ['', 'a\'b"c\\d\n', 'grüße € 😀']],
        ['bytes', ['', '\0ÿ bytes']],
        ['tuples', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
        ['nested', nested],
        [7, new Map([[null, 1], [true, 2]] as [Key, unknown][])], // biome-ignore format: one line
        ['ordered', new Map([['z', 1], ['a', 2]])], // biome-ignore format: one line
        ['default', new Map([['k', [1]]])],
        ['counter', new Map([['a', 2], ['b', 1]])], // biome-ignore format: one line
        ['namespace', new Map<string, unknown>([['lr', 0.1], ['arch', 'resnet18']])], // biome-ignore format: one line
        ['shared', [nested, nested]],
      ]);
      if (protocol < 2) expected.delete('namespace');
      assert.deepEqual(plain(loaded), expected);
      const [first, second] = loaded.get('shared') as Value[];
      assert.equal(first, second);
    });
  }

  test('as Python 2 wrote strings, long numbers and ordered dictionaries', () => {
    assert.equal(textOf(load("S'a\\x41\\n\\'\\\\\\101'\n.")), "aA\n'\\A");
    assert.equal(textOf(load('S"it\'s"\n.')), "it's");
    assert.equal(load('L-5L\n.'), -5);
    assert.equal(load('V\\u20ac\\U0001f600\\x\n.'), '€😀\\x');
    const items = load('ccollections\nOrderedDict\n((lp0\n(lp1\nS"k"\np2\naI1\naatR.');
    assert.deepEqual(items, new Map([['k', 1]]));
  });

  test('in rare opcodes', () => {
    assert.deepEqual(load('(I1\nI2\nl.'), [1, 2]);
    assert.deepEqual(load('K\x012\x86.'), [1, 1]);
    assert.equal(load('K\x01K\x020.'), 1);
    assert.equal(load('K\x01(K\x02K\x031.'), 1);
    assert.equal(load('K\x01(0.'), 1);
    // The memo's numbers may come in any order, and again.
    assert.deepEqual(load('(Nq\x09K\x07q\x05h\x09h\x05I3\nq\x00q\x01q\x02q\x03q\x04q\x05h\x05t.'), [null, 7, null, 7, 3, 3]);
    assert.deepEqual(load('(K\x01p300\nK\x02q\x00\x94g300\nh\x00t.'), [1, 2, 1, 2]);
    assert.deepEqual(load('(iargparse\nNamespace\n.'), new Map());
    assert.deepEqual(load('(cargparse\nNamespace\no.'), new Map());
    assert.equal(load('\x8a\x00.'), 0);
    assert.equal(load('\x8b\x02\0\0\0\x00\xff.'), -256);
    assert.equal(load('Fnan\n.'), Number.NaN);
  });

  test('one after the other', () => {
    const two = bytes('\x80\x02K\x01.\x80\x02K\x02.');
    const { value, end } = readPickle(two, 'p');
    assert.deepEqual([value, end], [1, 5]);
    assert.deepEqual(readPickle(two, 'p', { start: 5 }), { value: 2, end: 10 });
    refused(/5 bytes follow the pickle/, two);
  });

  test('with objects from outside, and names that are only mentioned', () => {
    const persistentLoad = (id: Value) => (Array.isArray(id) ? `object ${id[0]}` : `text ${id}`);
    assert.equal(unpickle(bytes('(K\x07tQ.'), 'p', { persistentLoad }), 'object 7');
    assert.equal(unpickle(bytes('Px y\n.'), 'p', { persistentLoad }), 'text x y');
    refused(/byte 4 \(BINPERSID\): it asks for an object outside the pickle/, bytes('(K\x07tQ.'));
    const name = unpickle(bytes('ctorch\nFloatStorage\n.'), 'p', { globals: new Map([['torch.FloatStorage', {}]]) });
    assert.ok(name instanceof GlobalReference && name.name === 'torch.FloatStorage');
  });
});

describe('a pickle is refused, with the opcode and its position,', () => {
  test('when it asks for anything that is not allowed', () => {
    refused(
      /at byte 2 \(GLOBAL\): it asks for 'os\.system', which is not among what may be built; get/,
      bytes('\x80\x02cos\nsystem\nU\x02id\x85R.'),
    );
    refused(/at byte 0 \(GLOBAL\): it asks for 'builtins\.eval'/, bytes('c__builtin__\neval\n(S"1"\ntR.'));
    refused(/at byte 1 \(INST\): it asks for 'os\.system'/, bytes('(ios\nsystem\n.'));
    refused(/at byte 15 \(STACK_GLOBAL\): it asks for 'posix\.system'/, bytes('\x8c\x05posix\x8c\x06system\x93.'));
    // A lambda: its code object.
    refused(/'types\.CodeType'/, bytes('ctypes\nCodeType\n(tR.'));
    refused(/'builtins\.getattr'/, bytes('cbuiltins\ngetattr\n(tR.'));
    refused(/'collections\.OrderedDict\.fromkeys'/, bytes('\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93.'));
    refused(/'os\\u000a\\u001b\[31m\.x/, bytes('\x8c\x08os\n\x1b[31m\x8c\x01x\x93.'));
    refused(/; save it anew as a\.b$/, bytes('ca\nb\n.'), { remedyFor: (name) => `save it anew as ${name}` });
  });

  test('when it calls what is no name, or may only be mentioned', () => {
    refused(/byte 3 \(REDUCE\): it calls a number/, bytes('K\x01)R.'));
    refused(/it calls 'builtins\.int', which may only be mentioned/, bytes('cbuiltins\nint\n)R.'));
    refused(/with a number/, bytes('cargparse\nNamespace\nK\x01R.'));
    refused(/it makes an object of attributes in an unusual way/, bytes('cargparse\nNamespace\nK\x01\x85R.'));
    refused(/encodes text otherwise/, bytes('c_codecs\nencode\nX\x01\0\0\0aX\x05\0\0\0rot13\x86R.'));
    refused(/it gives a state to a dictionary/, bytes('}}b.'));
    refused(/takes a number for attributes/, bytes('cargparse\nNamespace\n)\x81K\x01b.'));
  });

  test('when it makes what is not supported', () => {
    for (const code of ['\x8f', '\x90', '\x91']) refused(/byte 0 \((EMPTY_SET|ADDITEMS|FROZENSET)\): it makes a set/, bytes(code, '.'));
    for (const code of ['\x82\x01', '\x83\x01\0', '\x84\x01\0\0\0'])
      refused(/\(EXT\d\): it asks for an entry of a registry/, bytes(code, '.'));
    for (const code of ['\x97', '\x98']) refused(/buffer outside/, bytes(code, '.'));
    refused(/NEWOBJ_EX/, bytes('cargparse\nNamespace\n)}\x92.'));
    refused(/byte 0 \(PROTO\): it is written in protocol 9/, bytes('\x80\x09N.'));
    refused(/byte 0 \(0xff\): there is no such opcode/, bytes('\xff'));
    refused(/it uses a list as a key/, bytes('})K\x01s.'));
  });

  test('when it would contain itself', () => {
    refused(/byte 5 \(APPEND\): it changes something that is in use already, as a loop would/, bytes(']q\x00h\x00a.'));
    refused(/byte 6 \(SETITEM\): it changes something/, bytes('}q\x00Nh\x00s.'));
    refused(/byte 2 \(APPEND\): it changes something/, bytes(']2a.'));
    // A list in a tuple that is put into the list.
    refused(/\(APPEND\): it changes something/, bytes(']q\x00h\x00\x85q\x01a.'));
    refused(/\(BUILD\): it changes something/, bytes('cargparse\nNamespace\n)\x81q\x00}U\x01ah\x00sb.'));
    // Changed through the memo after it was put elsewhere.
    refused(/\(APPEND\): it changes something/, bytes(']q\x00]q\x01h\x00ah\x00h\x01a.'));
  });

  test('when it is deeper or, walked through, larger than allowed', () => {
    refused(/byte 200 \(APPEND\): it nests values more than 100 deep/, bytes(']'.repeat(101), 'a'.repeat(100), '.'));
    refused(/\(TUPLE1\): it nests values more than 100 deep/, bytes(')', '\x85'.repeat(200_000), '.'));
    const laughs = `]q\x00(${'K\x00'.repeat(10)}e${Array.from({ length: 20 }, () => `0](${'h\x00'.repeat(10)}eq\x00`).join('')}.`;
    refused(/it stands for more than \d+ values, far more than it has bytes/, bytes(laughs));
    refused(/it makes more than 5 lists/, bytes(']'.repeat(6), '.'), { limits: { containers: 5 } });
    refused(/it takes more than 9 steps/, bytes('N0'.repeat(20), 'N.'), { limits: { steps: 9 } });
  });

  test('when it repeats what takes long', () => {
    const text = 'x'.repeat(10_000);
    const repeated = (times: number) =>
      `X\x10\x27\0\0${text}q\x000c_codecs\nencode\nq\x010${`h\x01h\x00X\x06\0\0\0latin1\x86R0`.repeat(times)}N.`;
    assert.equal(load(repeated(1)), null);
    refused(/it makes more bytes than the pickle has/, bytes(repeated(3)));
    const pairs = `](${'(K\x01K\x02t'.repeat(1000)}eq\x000ccollections\nOrderedDict\nq\x010`;
    refused(/it repeats work far more often than it has bytes/, bytes(pairs, 'h\x01h\x00\x85R0'.repeat(1000), 'N.'));
  });

  test('when it is cut short or takes what is not there', () => {
    const whole = readFixtureBytes('formats/protocol4.pkl');
    for (let length = 0; length < whole.length; length++) refused(/refused at byte \d+/, whole.subarray(0, length));
    refused(/at byte 0 \(its end\)/, bytes(''));
    refused(/takes a value where there is none/, bytes('a.'));
    refused(/takes a value where there is none/, bytes('K\x01(a.'));
    refused(/needs a mark/, bytes('K\x01t.'));
    refused(/leaves more than one value/, bytes('K\x01K\x02.'));
    refused(/leaves more than one value/, bytes('K\x01(K\x02.'));
    refused(/a key without a value/, bytes('}(K\x01u.'));
    refused(/stores a value under the number -1/, bytes('Np-1\n.'));
    refused(/fetches value -1, which/, bytes('Nq\0g-1\n.'));
    refused(/fetches value 3, which was never stored/, bytes('h\x03.'));
    refused(/appends to a dictionary/, bytes('}Na.'));
    refused(/sets items of a list/, bytes(']NNs.'));
    refused(/byte 0 \(BINUNICODE8\): it takes \d+ bytes, but only 1 are left/, bytes('\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.'));
    refused(/announces/, bytes('\x95\xff\xff\0\0\0\0\0\0N.'));
    refused(/not UTF-8/, bytes('X\x01\0\0\0\xff.'));
    refused(/is no whole number/, bytes('I1e5\n.'));
    refused(/is no number/, bytes('F0x5\n.'));
    refused(/number of 5000 digits is too long/, bytes('L', '1'.repeat(5000), '\n.'));
    refused(/not in quotes/, bytes('Sabc\n.'));
    refused(/character that does not exist/, bytes('V\\U00110000\n.'));
  });
});

test('a builder of the allow-list may refuse, and another error of its own is not hidden', () => {
  const failing: Global = { call: () => { throw new TypeError('bug'); } }; // biome-ignore format: one line
  assert.throws(() => unpickle(bytes('ca\nb\n)R.'), 'p', { globals: new Map([['a.b', failing]]) }), TypeError);
});
