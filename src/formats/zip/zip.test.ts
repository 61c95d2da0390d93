import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import zlib, { deflateRawSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { readFixtureBytes } from '../../testing/fixtures.js';
import { openFileSource } from '../node/file-source.js';
import { nodeInflate } from '../node/inflate.js';
import { crc32 } from './crc32.js';
import { inflate } from './inflate.js';
import { openZip } from './read.js';
import { writeZip } from './write.js';

const text = (value: string) => new TextEncoder().encode(value);
const expected = new Map([
  ['stored.txt', text('as it is')],
  ['folder/', text('')],
  ['folder/packed.txt', text('again and '.repeat(500))],
  ['empty', text('')],
  ['grüße.bin', Uint8Array.from({ length: 256 }, (_, i) => i)],
]);

function refused(run: () => unknown, why: RegExp): void {
  assert.throws(run, (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message), String(why));
}

/** All entries of an archive. */
function contents(archive: ReturnType<typeof openZip>): Map<string, Uint8Array> {
  return new Map([...archive.entries.keys()].map((name) => [name, Uint8Array.from(archive.read(name))]));
}

describe('an archive that Python wrote is read', () => {
  for (const name of ['plain.zip', 'streamed.zip', 'zip64-headers.zip', 'zip64.zip']) {
    test(name, () => {
      const bytes = readFixtureBytes(`formats/${name}`);
      assert.deepEqual(contents(openZip(bytes, name)), expected);
      assert.deepEqual(contents(openZip(bytes, name, { inflate: nodeInflate })), expected);
    });
  }

  test('from a file, without reading the whole', () => {
    const folder = mkdtempSync(join(tmpdir(), 'antidote zip '));
    try {
      writeFileSync(join(folder, 'a.zip'), readFixtureBytes('formats/plain.zip'));
      const source = openFileSource(join(folder, 'a.zip'));
      assert.deepEqual(contents(openZip(source, 'a.zip')), expected);
      source.close();
      refused(() => openFileSource(join(folder, 'b.zip')), /b\.zip' does not exist/);
      refused(() => openFileSource(folder), /is not a file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an archive', () => {
  test('is the same after writing and reading, its data aligned', () => {
    for (const alignment of [1, 8, 64]) {
      const bytes = writeZip(expected, { alignment });
      const archive = openZip(bytes, 'a');
      assert.deepEqual(contents(archive), expected);
      for (const name of expected.keys()) assert.equal((archive.read(name).byteOffset - bytes.byteOffset) % alignment, 0);
      assert.deepEqual(writeZip(contents(archive), { alignment }), bytes);
    }
    assert.equal(openZip(writeZip(new Map()), 'a').entries.size, 0);
  });

  test('says which entries are folders and how large they are', () => {
    const { entries } = openZip(readFixtureBytes('formats/plain.zip'), 'a');
    assert.deepEqual(
      [...entries.values()].map(({ name, size, isFolder }) => [name, size, isFolder]),
      [...expected].map(([name, content]) => [name, content.length, name.endsWith('/')]),
    );
  });

  test('may have a comment that looks like its end', () => {
    const bytes = writeZip(expected);
    const comment = text('PK\x05\x06 and so on, long enough for a record');
    const commented = Uint8Array.of(...bytes, ...comment);
    commented[bytes.length - 2] = comment.length;
    assert.deepEqual(contents(openZip(commented, 'a')), expected);
  });
});

describe('an archive is refused', () => {
  const bytes = writeZip(expected);
  const end = bytes.length - 22;
  const start = new DataView(bytes.buffer).getUint32(end + 16, true);
  /** The archive with some bytes changed. */
  const changed = (at: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };
  const readAll = (archive: Uint8Array) => () => contents(openZip(archive, 'a.zip'));

  test('cut short at any byte', () => {
    for (let length = 0; length < bytes.length; length++) refused(readAll(bytes.subarray(0, length)), /^a\.zip: .*(cut short|damaged)/);
  });

  test('with an entry that is missing, too large, encrypted, or packed unusually', () => {
    refused(() => openZip(bytes, 'a').read('none'), /a: holds no 'none'/);
    refused(() => openZip(bytes, 'a').read('stored.txt', 7), /'stored.txt' has 8 bytes, more than the 7/);
    refused(readAll(changed(start + 8, 1)), /'stored.txt' is encrypted/);
    const lzma = changed(start + 10, 14);
    lzma[8] = 14;
    refused(readAll(lzma), /'stored.txt' is packed with method 14/);
  });

  test('whose two headers disagree', () => {
    refused(readAll(changed(start + 10, 8)), /is packed in two ways/);
    refused(readAll(changed(30, 0x53)), /has two names/);
    refused(readAll(changed(0, 0)), /does not begin where/);
    refused(readAll(changed(28, 0xff, 0xff)), /reaches into the archive's directory/);
  });

  test('whose content is not what the checksum says', () => {
    refused(readAll(changed(start - 1, 0)), /'grüße.bin' does not have the checksum/);
    refused(readAll(changed(start + 16, 0)), /'stored.txt' does not have the checksum/);
  });

  test('whose sizes lie, before anything is allocated', () => {
    refused(readAll(changed(start + 20, 0xff, 0xff, 0xff, 0x7f)), /reaches into what follows/);
    refused(readAll(changed(start + 24, 0xff, 0xff, 0xff, 0x7f)), /does not unpack to the 2147483647 bytes/);
    refused(readAll(changed(end + 8, 0xfe, 0xff, 0xfe, 0xff)), /too short for 65534 entries/);
    refused(readAll(changed(end + 12, 0xff, 0xff, 0xff, 0x7f)), /directory does not end where/);
    refused(readAll(changed(end + 16, 0)), /directory does not end where/);
  });

  test('whose entries share bytes or names', () => {
    const second = start + 46 + 'stored.txt'.length;
    refused(readAll(changed(second + 42, 0, 0, 0, 0)), /reaches into what follows/);
    const twice = writeZip(new Map([['a', text('1')], ['b', text('2')]])); // biome-ignore format: one line
    twice.forEach((byte, i) => {
      if (byte === 0x62) twice[i] = 0x61;
    });
    refused(readAll(twice), /holds 'a' twice/);
  });

  test('that is one of several', () => {
    refused(readAll(changed(end + 4, 1)), /part of an archive in several files/);
  });
});

describe('undoing deflate', () => {
  const random = new Random(1);
  const noise = Uint8Array.from({ length: 200_000 }, () => random.uint32());
  const samples = [new Uint8Array(0), text('a'), new Uint8Array(3_000_000), noise, Uint8Array.from(noise, (byte) => byte & 3)];

  test('gives what was packed, and nothing when the size is wrong', () => {
    for (const sample of samples) {
      const stored = deflateRawSync(sample, { level: 0 });
      for (const packed of [deflateRawSync(sample), deflateRawSync(sample, { level: 1 }), stored]) {
        for (const undo of [inflate, nodeInflate]) {
          assert.ok(Buffer.compare(undo(packed, sample.length) ?? text('nothing'), sample) === 0);
          assert.equal(undo(packed, sample.length + 1), undefined);
          if (sample.length > 0) assert.equal(undo(packed, sample.length - 1), undefined);
          if (sample.length > 0) assert.equal(undo(packed.subarray(0, -1), sample.length), undefined);
        }
      }
    }
  });

  test('stops at the promised size, and at bytes behind the end', () => {
    const bomb = deflateRawSync(new Uint8Array(100_000_000));
    const started = performance.now();
    assert.equal(inflate(bomb, 1000), undefined);
    assert.equal(inflate(Buffer.concat([deflateRawSync(text('a')), new Uint8Array(2_000_000)]), 2), undefined);
    assert.ok(performance.now() - started < 1000);
  });
});

test('the checksum is that of zip', () => {
  assert.equal(crc32(text('123456789')), 0xcbf43926);
  assert.equal(crc32(text('')), 0);
  const bytes = Uint8Array.from({ length: 1003 }, (_, i) => i * 7);
  // Node has its own since version 20.15.
  if (zlib.crc32) for (let i = 0; i < 9; i++) assert.equal(crc32(bytes.subarray(i, 1003 - i)), zlib.crc32(bytes.subarray(i, 1003 - i)));
});
