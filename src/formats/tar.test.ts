import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { makeTar, tarEntry } from '../testing/make-tar.js';
import { readTar } from './tar.js';

const limits = { entry: 5000, total: 20_000 };
const text = (words: string) => new TextEncoder().encode(words);
const end = new Uint8Array(1024);

/** An archive in pieces of a length that fits nothing. */
async function* pieces(bytes: Uint8Array, length = 700) {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function read(bytes: Uint8Array, length?: number) {
  const found: [string, string, number][] = [];
  for await (const { name, bytes: content, offset } of readTar(pieces(bytes, length), 'a.tar', limits)) {
    found.push([name, new TextDecoder().decode(content), offset]);
  }
  return found;
}

const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const refused = (bytes: Uint8Array, problem: RegExp) =>
  assert.rejects(read(bytes), (error) => error instanceof UserError && problem.test(error.message) && error.message.includes("'a.tar'"));

test('files come in their order, in pieces of any size', async () => {
  const archive = makeTar({ 'train/a/1': text('one'), 'train/b/2': text('x'.repeat(1024)), empty: text('') });
  const expected = [
    ['train/a/1', 'one', 0],
    ['train/b/2', 'x'.repeat(1024), 1024],
    ['empty', '', 2560],
  ];
  for (const length of [1, 511, 512, 10_000]) assert.deepEqual(await read(archive, length), expected);
});

test('long names are read in both ways, and folders and links are passed over', async () => {
  const long = `${'folder/'.repeat(30)}file`;
  const record = (key: string, value: string) => {
    const rest = ` ${key}=${value}\n`;
    const length = rest.length + 3;
    return `${length}${rest}`;
  };
  const archive = join(
    tarEntry('train/', text(''), '5'),
    tarEntry('link', text(''), '2'),
    tarEntry('all', text(record('comment', 'x'.repeat(100))), 'g'),
    tarEntry('pax', text(record('path', long)), 'x'),
    tarEntry('short', text('pax')),
    tarEntry('././@LongLink', text(`${long}\0`), 'L'),
    tarEntry('short', text('gnu')),
    tarEntry('short', text('own')),
    end,
  );
  assert.deepEqual(
    (await read(archive)).map(([name, content]) => [name, content]),
    [
      [long, 'pax'],
      [long, 'gnu'],
      ['short', 'own'],
    ],
  );
});

test('what is damaged, truncated or too large is a user error that says where', async () => {
  const good = makeTar({ one: text('one'), two: text('two') });
  const changed = Uint8Array.from(good);
  changed[1024 + 3] ^= 1;
  await refused(changed, /whose checksum is wrong, at byte 1024; get it again/);
  await refused(text('no archive at all'), /is truncated: it ends at byte 17, 495 bytes short/);
  await refused(good.subarray(0, 1600), /is truncated: it ends at byte 1600, 448 bytes short/);
  // Cut between two files: only the missing end mark tells.
  await refused(good.subarray(0, 1024), /is truncated: it ends at byte 1024, 512 bytes short/);
  await refused(makeTar({ big: new Uint8Array(5001) }), /'big' has 5001 bytes, but at most 5000 are read \(at byte 0\)/);
  const many = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}`, new Uint8Array(4500)]));
  await refused(makeTar(many), /its files have more than the 20000 bytes that are read \(at byte 20480\)/);
  await refused(join(tarEntry('pax', text('99 path=x\n'), 'x'), end), /has a damaged extended header, at byte 0/);
  await refused(join(tarEntry('pax', new Uint8Array(70_000), 'x'), end), /has an extended header of 70000 bytes/);
});

test('the source is let go when the reader stops early', async () => {
  let open = true;
  async function* source() {
    try {
      yield makeTar({ one: text('1'), two: text('2') });
    } finally {
      open = false;
    }
  }
  for await (const { name } of readTar(source(), 'a.tar', limits)) if (name === 'one') break;
  assert.equal(open, false);
});
