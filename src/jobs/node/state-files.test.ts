import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { inHalf, widenHalves } from '../../formats/safetensors.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { loadStateDict, stateDict } from '../../nn/state-dict.js';
import { loadCheckpointFile, saveState } from './state-files.js';

const folder = mkdtempSync(join(tmpdir(), 'antidote state '));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = { imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 2, depths: [1, 1] } as const;
const network = preActResNet({ ...options, seed: 1 });

test('a state dictionary goes out and in again, in either format', async () => {
  for (const name of ['a.pt', 'a.PTH', 'a.safetensors']) {
    const path = join(folder, name);
    await saveState(path, network);
    const { tensors, storedAs } = loadCheckpointFile(path);
    assert.deepEqual(tensors, stateDict(network));
    assert.equal(storedAs.size, 0);
    assert.deepEqual(loadStateDict(preActResNet(options), tensors, path), network);
  }
});

test('in 16 bits it is half as large, and rounded', async () => {
  const exact = stateDict(network);
  for (const name of ['h.pt', 'h.safetensors']) {
    const path = join(folder, name);
    await saveState(path, network, { half: 'float16' });
    const { tensors, storedAs } = loadCheckpointFile(path);
    assert.deepEqual([...storedAs], [...inHalf(exact)]);
    const weight = exact.get('conv1.weight')?.data as Float32Array;
    const rounded = tensors.get('conv1.weight')?.data as Float32Array;
    assert.notDeepEqual(rounded, weight);
    assert.ok(rounded.every((value, i) => Math.abs(value - weight[i]) <= Math.abs(weight[i]) * 2 ** -11 + 2 ** -25));
    assert.equal(widenHalves({ tensors, metadata: {}, storedAs }).tensors.size, exact.size);
  }
});

test('other names, and files that are not there, are refused', async () => {
  await assert.rejects(
    () => saveState(join(folder, 'a.onnx'), network),
    (error) => error instanceof UserError && /should end in \.pt, \.pth or \.safetensors/.test(error.message),
  );
  assert.throws(() => loadCheckpointFile(join(folder, 'none.pt')), /does not exist/);
});

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import torch']).status === 0);

test('PyTorch opens it', { skip: python === undefined && 'no Python with PyTorch here' }, async () => {
  const path = join(folder, 'for-torch.pt');
  await saveState(path, network);
  const program = `
import sys, json, torch
state = torch.load(sys.argv[1], weights_only=True)
print(json.dumps({name: [str(value.dtype), list(value.shape), value.double().sum().item(), value.is_contiguous()] for name, value in state.items()}))
state["conv1.weight"] = state["conv1.weight"].transpose(0, 1).half()
torch.save({"state_dict": {"module." + name: value for name, value in state.items()}}, sys.argv[1])
`;
  const { status, stdout, stderr } = spawnSync(python as string, ['-c', program, path], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const exact = stateDict(network);
  const expected = [...exact].map(([name, { type, dims, data }]) => [
    name,
    [`torch.${type}`, dims, Array.from(data as ArrayLike<number>, Number).reduce((sum, value) => sum + value, 0), true],
  ]);
  const found = Object.entries(JSON.parse(stdout) as Record<string, [string, number[], number, boolean]>);
  assert.deepEqual(
    found.map(([name, [type, dims, , contiguous]]) => [name, type, dims, contiguous]),
    expected.map(([name, [type, dims, , contiguous]]) => [name, type, dims, contiguous]),
  );
  found.forEach(([, [, , sum]], i) => {
    assert.ok(Math.abs(sum - (expected[i][1][2] as number)) < 1e-9);
  });
  const back = loadCheckpointFile(path);
  assert.deepEqual([back.foundUnder, back.strippedPrefix, [...back.storedAs.keys()]], ['state_dict', 'module.', ['conv1.weight']]);
  assert.deepEqual(back.tensors.get('conv1.weight')?.dims, [1, 2, 3, 3]);
  assert.deepEqual(back.tensors.get('linear.weight'), exact.get('linear.weight'));
});
