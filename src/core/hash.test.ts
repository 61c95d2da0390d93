import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from './hash.js';

test('SHA-256 of the examples of FIPS 180', async () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  assert.equal(await sha256(encode('')), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(await sha256(encode('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(await sha256(encode('xabcx').subarray(1, 4)), await sha256(encode('abc')));
});
