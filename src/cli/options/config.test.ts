import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { badnets } from '../../attacks/badnets.js';
import { UserError } from '../../core/errors.js';
import { dataOptions } from '../../jobs/data-options.js';
import { networkOptions } from '../../jobs/network.js';
import { trainingOptions } from '../../jobs/training-options.js';
import { machineOptions } from '../common.js';
import { readConfig } from './config.js';
import { fieldsOf } from './fields.js';

const fields = [badnets.options, dataOptions, networkOptions, trainingOptions, machineOptions].flatMap(fieldsOf);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-config-'));
});
after(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'options.yaml');
  await writeFile(path, text);
  const { values, ignored } = await readConfig(path, fields);
  return [Object.fromEntries(values), ignored];
}

test("a file as BackdoorBench's is read under its own names", async () => {
  const text = `
attack: badnet
attack_label_trans: all2one
attack_target: 0
patch_mask_path: ../resource/badnet/trigger_image.png
pratio: 0.1
amp: false
batch_size: 128
client_optimizer: sgd
dataset: cifar10
dataset_path: ../data
device: cuda:0
epochs: 100
lr: 0.01
lr_scheduler: CosineAnnealingLR
model: preactresnet18
num_workers: 4
random_seed: 0
sgd_momentum: 0.9
wd: 5e-4
`;
  const [values, ignored] = await read(text);
  assert.deepEqual(values, {
    attack_label_trans: 'all2one',
    attack_target: 0,
    patch_mask_path: '../resource/badnet/trigger_image.png',
    pratio: 0.1,
    batch_size: 128,
    client_optimizer: 'sgd',
    data: 'cifar10',
    epochs: 100,
    lr: 0.01,
    lr_scheduler: 'CosineAnnealingLR',
    model: 'preactresnet18',
    seed: 0,
    sgd_momentum: 0.9,
    wd: 5e-4,
  });
  assert.deepEqual(ignored, ['attack', 'amp', 'dataset_path', 'device', 'num_workers']);
});

test('names may have dashes, and a device that is known here counts', async () => {
  assert.deepEqual(await read('attack-target: 3\ndevice: webgpu\n'), [{ attack_target: 3, device: 'webgpu' }, []]);
});

test('files that hold anything else are user errors of one line', async () => {
  const cases: [string, RegExp][] = [
    ['pratoi: 0.1', /has no option 'pratoi'; did you mean 'pratio'\?/],
    ['', /holds no options; write one 'name: value' on each line/],
    ['- pratio', /holds no options/],
    ['just text', /holds no options/],
    ['pratio: [', /is not proper YAML: .*; correct it/],
    ['lr: 1\nlr: 2', /is not proper YAML: .*unique/],
    ['seed: 1\nrandom_seed: 2', /gives option seed twice; keep one/],
    ['depths: &a [1, 2]\nmean: *a', /uses YAML aliases; write each value out/],
    ['lr: !!js/function "x"', /is not proper YAML/],
    [`pratio: ${' '.repeat(70_000)}0.1`, /has more than the 65536 bytes/],
  ];
  for (const [text, problem] of cases) {
    await assert.rejects(
      read(text),
      (error) =>
        error instanceof UserError && problem.test(error.message) && error.message.includes(folder) && !error.message.includes('\n'),
      text.slice(0, 40),
    );
  }
  await assert.rejects(readConfig(join(folder, 'none.yaml'), fields), /none\.yaml' does not exist; check the path/);
});
