import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { badnets } from '../../attacks/badnets.js';
import { attacks } from '../../attacks/registry.js';
import { UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { Random } from '../../core/random.js';
import { findDataSource } from '../../data/node/registry.js';
import { stratified } from '../../data/sample.js';
import { inHalf, writeSafetensors } from '../../formats/safetensors.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { stateDict } from '../../nn/state-dict.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext } from '../../testing/attack-context.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { temporaryFolders } from '../../testing/temporary.js';
import { zooEntryText } from '../../testing/zoo-files.js';
import { evaluateModel } from '../evaluate.js';
import { loadBackdoor, loadBackdoorFor } from './load-backdoor.js';
import { loadModelFor } from './load-for-model.js';
import { listZoo, loadZooBackdoor, loadZooModel, zooFiles } from './zoo.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const place = temporaryFolders();

/** Most bytes that the zoo may have. */
const BUDGET = 12_000_000;
/** Weakest backdoor that counts as one that works. */
const WORKS = 0.9;
/** Those that do not reach that, as docs/zoo.md says. */
const weak = ['mnist-inputaware', 'mnist-lc'];

const network = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 2, depths: [1, 1] });
const tensors = stateDict(network);
const weights = writeSafetensors({ tensors, metadata: {}, storedAs: inHalf(tensors) });
const { trigger, labelMap } = await badnets.poison(madeUpDataset(5, 3, [1, 8, 8]), badnets.options.parse({}), attackContext(0));
const attack = { method: 'badnets', title: 'BadNets', options: {}, trigger: trigger.description, labelMap };
const text = zooEntryText(network, { width: 2, depths: [1, 1], weights: await sha256(weights), result: { attack } });
const asks = { data: { data: 'mnist' } };

describe('the zoo', async () => {
  const models = await listZoo();

  test('has a model for every attack, and for each the numbers that were measured', () => {
    const found = new Set(models.flatMap(({ result }) => result.attack?.method ?? []));
    assert.deepEqual(
      attacks.map(({ name }) => name).filter((name) => !found.has(name)),
      [],
    );
    for (const { name, result } of models) {
      const { acc = 0, asr, ra } = result.before ?? {};
      assert.ok(acc > 0.7, `${name}: ACC ${acc}`);
      assert.equal(typeof asr, result.attack ? 'number' : 'undefined', name);
      assert.equal(typeof ra, typeof asr, name);
      assert.match(result.command ?? '', /^(antidote|node) \S+/, name);
    }
    assert.deepEqual(
      models.filter(({ result }) => (result.before?.asr ?? 1) < WORKS).map(({ name }) => name),
      weak,
    );
  });

  test('takes no more room than it may', () => {
    assert.ok(models.reduce((sum, { bytes }) => sum + bytes, 0) <= BUDGET);
  });

  for (const { name, network, result } of models) {
    test(`${name} loads, with its trigger`, async () => {
      const model = await loadZooModel(`zoo:${name}`);
      assert.deepEqual(model.imageShape, network.imageShape);
      assert.deepEqual((await loadZooBackdoor(`zoo:${name}`))?.backdoor.labelMap, result.attack?.labelMap);
    });
  }

  test('does what its numbers say', async () => {
    const { test: all } = await findDataSource('mnist').load();
    const test = stratified(all, { count: 500 }, new Random(1));
    for (const { name, result } of models.filter(({ result }) => result.data?.name === 'mnist')) {
      const backdoor = (await loadZooBackdoor(`zoo:${name}`))?.backdoor;
      const { acc, asr = 0 } = await evaluateModel({ engine, model: await loadZooModel(`zoo:${name}`), test, backdoor });
      const told = result.before;
      // Three deviations of a share of 450 images, and a little for other processors' rounding.
      const near = (share: number, known = 0) => Math.abs(share - known) < 3 * Math.sqrt((known * (1 - known)) / 450) + 0.01;
      assert.ok(near(acc, told?.acc) && near(asr, told?.asr), `${name}: ACC ${acc}, ASR ${asr}, not ${JSON.stringify(told)}`);
    }
  });
});

test('a model gives what the network gave before it was stored, rounded to 16 bits', async () => {
  const folder = await place({ 'a.json': text, 'a.safetensors': weights });
  const model = await loadZooModel('zoo:a', folder);
  assert.equal(model.name, 'a');
  for (const [name, { data }] of stateDict(model)) {
    const before = tensors.get(name)?.data ?? [];
    data.forEach((value: number | bigint, i: number) => {
      assert.ok(Math.abs(Number(value) - Number(before[i])) <= Math.abs(Number(before[i])) * 2 ** -11 + 2 ** -25, `${name} ${i}`);
    });
  }
  assert.deepEqual(
    (await listZoo(folder)).map(({ name, bytes }) => ({ name, bytes })),
    [{ name: 'a', bytes: text.length + weights.length }],
  );
  assert.deepEqual((await loadZooBackdoor('zoo:a', folder))?.backdoor.trigger.description, trigger.description);
});

describe('refused in one line is', () => {
  const refused = (what: string, work: () => Promise<unknown>, why: RegExp) =>
    test(what, () =>
      assert.rejects(work(), (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message)),
    );
  const damaged = (files: Record<string, string | Uint8Array>) => async () => {
    const folder = await place({ 'a.json': text, 'a.safetensors': weights, ...files });
    for (const [name, bytes] of Object.entries(files)) if (bytes === '') await rm(`${folder}/${name}`);
    await loadZooModel('zoo:a', folder);
  };
  const changed = weights.slice();
  changed[changed.length - 1] ^= 1;
  const described = (change: object) => ({ 'a.json': JSON.stringify({ ...JSON.parse(text), ...change }) });
  const { network: told } = JSON.parse(text) as { network: object };

  refused(
    'an unknown name',
    () => loadModelFor(engine, { model: 'zoo:mnist-badnet', ...asks }),
    /'mnist-badnet'; did you mean 'mnist-badnets'\?/,
  );
  refused('a path for a name', () => loadZooModel('zoo:../zoo/mnist-badnets'), /there is no model in the zoo/);
  refused(
    'pixels that are told',
    () => loadModelFor(engine, { model: 'zoo:mnist-badnets', pixels: { scale: 255 }, ...asks }),
    /leave out scale/,
  );
  refused('a clean model for a backdoor', () => loadBackdoor('zoo:mnist-clean'), /zoo:mnist-clean is a clean model/);
  refused(
    'weights with a bit changed',
    damaged({ 'a.safetensors': changed }),
    /a\.safetensors is not the file that a\.json beside it describes/,
  );
  refused('weights that are gone', damaged({ 'a.safetensors': '' }), /a\.safetensors' does not exist/);
  refused('an entry cut short', damaged({ 'a.json': text.slice(0, -9) }), /a\.json is not a usable result: the file: is not JSON/);
  refused('an entry without a network', damaged(described({ network: 1 })), /the network is not described as it should be/);
  refused('a network of other sizes', damaged(described({ network: { ...told, width: 4 } })), /holds no conv1\.weight of \[4, 1, 3, 3\]/);
  refused('a huge network', damaged(described({ network: { ...told, width: 4096 } })), /holds no conv1\.weight/);
  refused('a smaller network', damaged(described({ network: { ...told, depths: [1] } })), /conv|linear/);
  refused('too few means', damaged(described({ network: { ...told, mean: [] } })), /mean/);
  refused('a folder without models', async () => listZoo(await place()), /holds no ready models/);
});

test('the networks of a trigger are checked, too', async () => {
  const [ssba] = (await listZoo()).filter(({ result }) => result.attack?.triggerTensors !== undefined);
  const { entry, trigger: networks } = zooFiles(ssba.name);
  const folder = await place({
    'b.json': JSON.stringify({ ...ssba.result, network: ssba.network, weights: ssba.weights }),
    'b.trigger.safetensors': weights,
  });
  assert.notEqual(entry, networks);
  await assert.rejects(loadZooBackdoor('zoo:b', folder), /is not the file that was written with it/);
});

test('a model brings its own backdoor, unless another is given', async () => {
  const digits = { imageShape: [1, 28, 28], classes: 10 } as const;
  const own = await loadBackdoorFor({ model: 'zoo:mnist-badnets' }, digits);
  const other = await loadBackdoorFor({ model: 'zoo:mnist-badnets', backdoor: 'zoo:mnist-blended' }, digits);
  assert.deepEqual([own?.record.method, other?.record.method], ['badnets', 'blended']);
  assert.equal(await loadBackdoorFor({ model: 'zoo:mnist-clean' }, digits), undefined);
  assert.equal(await loadBackdoorFor({ model: 'model.onnx' }, digits), undefined);
});
