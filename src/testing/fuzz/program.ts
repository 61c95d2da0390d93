import type { Random } from '../../core/random.js';

/** Pieces of pickles: every opcode, with arguments that often fit. One character is one byte. */
const pieces = [
  ...[
    'N',
    '\x88',
    '\x89',
    'K\x01',
    'M\x01\x02',
    'J\xff\xff\xff\xff',
    'I7\n',
    'I01\n',
    'L9L\n',
    '\x8a\x01\x05',
    '\x8b\x01\0\0\0\x05',
    'F1.5\n',
  ],
  ...['G\x3f\xf0\0\0\0\0\0\0', "S'ab'\n", 'U\x01a', 'T\x02\0\0\0ab', 'C\x01a', 'B\x01\0\0\0a', 'X\x01\0\0\0a', '\x8c\x01b', 'Va\\u20ac\n'],
  ...[']', ')', '}', '(', '(', '(', 'l', 't', 'd', 'a', 'e', 's', 'u', '\x85', '\x86', '\x87', '0', '1', '2'],
  ...[
    'q\x00',
    'q\x01',
    'r\x02\0\0\0',
    'p3\n',
    '\x94',
    'h\x00',
    'h\x01',
    'j\x02\0\0\0',
    'g3\n',
    'R',
    'R',
    'b',
    'b',
    '\x81',
    'Q',
    'o',
    '\x93',
  ],
  ...[
    'ccollections\nOrderedDict\n',
    'cargparse\nNamespace\n',
    'c_codecs\nencode\n',
    'X\x06\0\0\0latin1',
    'cbuiltins\nbytes\n',
    'cos\nsystem\n',
  ],
  ...[
    'cnumpy.core.multiarray\n_reconstruct\n',
    'cnumpy\nndarray\n',
    'cnumpy\ndtype\n',
    'cnumpy.core.multiarray\nscalar\n',
    'U\x02f4',
    'U\x02u1',
  ],
  ...[
    'ctorch._utils\n_rebuild_tensor_v2\n',
    'ctorch\nFloatStorage\n',
    'U\x07storage',
    'U\x010',
    'U\x03cpu',
    'K\x03',
    '\x80\x02',
    '\x95\x02\0\0\0\0\0\0\0',
  ],
  // Whole things that take many pieces: an empty array, an element type, a storage, a tensor.
  'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R',
  'cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R',
  '(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x03tQ',
  'ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x03tQK\x00K\x03\x85K\x01\x85\x89NtR',
];

/** A pickle put together at random. Most mean nothing, but they get further than damaged files do. */
export function randomPickle(random: Random): Uint8Array {
  const count = 1 + random.below(2 ** (1 + random.below(6)));
  const text = Array.from({ length: count }, () => pieces[random.below(pieces.length)]).join('');
  return Uint8Array.from(`${text}.`, (character) => character.charCodeAt(0));
}
