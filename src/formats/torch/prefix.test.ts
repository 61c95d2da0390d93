import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../../core/tensor.js';
import { loadCheckpoint } from '../checkpoint.js';
import { writeSafetensors } from '../safetensors.js';
import { withoutPrefix, wrapperPrefix } from './prefix.js';

test('what wrappers put before every name is found, in whatever order', () => {
  assert.equal(wrapperPrefix(['module.conv.weight', 'module.conv.bias']), 'module.');
  assert.equal(wrapperPrefix(['model.module.conv.weight', 'model.module.fc.bias']), 'model.module.');
  assert.equal(wrapperPrefix(['module.conv.weight', 'conv.bias']), '');
  assert.equal(wrapperPrefix(['features.0.weight', 'features.0.bias']), '');
  assert.equal(wrapperPrefix([]), '');
  assert.deepEqual(withoutPrefix(new Map([['net.a', 1]]), 'net.'), new Map([['a', 1]]));
});

test('safetensors lose it, too, and it is said', () => {
  const tensors = new Map(['model.conv.weight', 'model.conv.bias'].map((name) => [name, float32([1], [2])]));
  const { tensors: found, strippedPrefix, choice } = loadCheckpoint(writeSafetensors({ tensors, metadata: {} }), 'a.safetensors');
  assert.deepEqual([...found.keys()], ['conv.weight', 'conv.bias']);
  assert.equal(strippedPrefix, 'model.');
  assert.equal(choice, "took all 2 tensors of the file, without 'model.' before every name");
});
