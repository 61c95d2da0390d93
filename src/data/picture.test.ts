import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { encodePng } from './picture.js';

/** CRC-32 bit by bit, without the table that the encoder uses. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (((crc ^ (byte >> bit)) & 1) * 0xedb88320);
  }
  return ~crc >>> 0;
}

function chunksOf(png: Uint8Array): [string, Uint8Array][] {
  const view = new DataView(png.buffer, png.byteOffset);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    assert.equal(view.getUint32(at + 8 + length), crc32(png.subarray(at + 4, at + 8 + length)));
    chunks.push([new TextDecoder().decode(png.subarray(at + 4, at + 8)), png.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return chunks;
}

test('planes become rows of interleaved values', async () => {
  const png = await encodePng({ width: 2, height: 2, channels: 3, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) });
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const [[header, ihdr], [data, idat], [end, iend]] = chunksOf(png);
  assert.deepEqual([header, data, end], ['IHDR', 'IDAT', 'IEND']);
  assert.deepEqual([...ihdr], [0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
  assert.deepEqual([...inflateSync(idat)], [0, 1, 5, 9, 2, 6, 10, 0, 3, 7, 11, 4, 8, 12]);
  assert.equal(iend.length, 0);
});

test('a grey picture keeps one value per pixel, and ends with the checksum that every PNG ends with', async () => {
  const png = await encodePng({ width: 3, height: 1, channels: 1, pixels: Uint8Array.of(0, 128, 255) });
  const [[, ihdr], [, idat]] = chunksOf(png);
  assert.deepEqual([...ihdr], [0, 0, 0, 3, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  assert.deepEqual([...inflateSync(idat)], [0, 0, 128, 255]);
  assert.deepEqual([...png.subarray(-4)], [0xae, 0x42, 0x60, 0x82]);
});

test('pixels that do not fit the size are refused', async () => {
  await assert.rejects(encodePng({ width: 2, height: 2, channels: 1, pixels: new Uint8Array(5) }), /5 values do not make a picture/);
  await assert.rejects(encodePng({ width: 1, height: 1, channels: 2, pixels: new Uint8Array(2) }), /2 channels/);
});
