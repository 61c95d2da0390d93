// Models that others backdoored: read, measured, scanned, repaired, written back, and opened again. Run by hand, after a build; writes
// runs/third-party/, and goes on where it was.
//
//   node bench/third-party.mjs --models FOLDER --cifar FOLDER [--only NAME,...] [--out runs/third-party]
//
// The folder of models holds nad-wrn16/, badnets-cnn/ and conv5-cifar10/ as their authors published them; that of CIFAR-10 holds original
// pixels in its binary layout, train_partial.bin and test_partial.bin. Defences and detectors see training images alone; triggers are
// here to measure by.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { overlayTrigger } from '../dist/attacks/overlay.js';
import { patchTrigger } from '../dist/attacks/patch.js';
import { findDefense } from '../dist/defenses/registry.js';
import { detectors } from '../dist/detectors/registry.js';
import { dataOptions } from '../dist/jobs/data-options.js';
import { loadModel } from '../dist/jobs/node/models.js';
import { runEvaluate } from '../dist/jobs/node/run-evaluate.js';
import { runRepair } from '../dist/jobs/node/run-repair.js';
import { runScan } from '../dist/jobs/node/run-scan.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { table } from './tools/figures.mjs';
import { findPyTorch } from './tools/pytorch.mjs';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string' },
    cifar: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'runs/third-party' },
  },
});
if (!flags.models || !flags.cifar) throw new Error('give --models FOLDER and --cifar FOLDER');

const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const COLOUR = [3, 32, 32];

/** Dark pixels are 1, because 0 stands for a pixel that is kept. */
function picture(pixels) {
  const bytes = new Uint8Array(3 * 32 * 32);
  for (const [row, column, value] of pixels) for (let c = 0; c < 3; c++) bytes[(c * 32 + row) * 32 + column] = value || 1;
  return overlayTrigger('badnets', bytes, COLOUR);
}

const corner = { patch_value: 255, patch_position: 'bottom-right', patch_margin: 0, pattern: 'solid' };
const nad = picture([
  [31, 31, 255],
  [31, 30, 0],
  [31, 29, 255],
  [30, 31, 0],
  [30, 30, 255],
  [30, 29, 0],
  [29, 31, 255],
  [29, 30, 0],
  [29, 29, 0],
]);
const cifar = { data: join(flags.out, 'cifar10-original'), ratio: 0.3 };
const mnist = { data: 'mnist', ratio: 0.05 };
const half = { mean: [0.5], std: [0.5] };

/** `reported`: ACC and ASR that were measured elsewhere, by a forward pass in NumPy on the same images. */
const models = [
  { name: 'wrn-16-1 (NAD)', file: 'nad-wrn16/backdoored-student.pth.tar', ...cifar, trigger: nad, target: 5, reported: [84.66, 100] },
  {
    name: 'wrn-16-1 (NAD) fine-tuned',
    file: 'nad-wrn16/finetuned-teacher.pth.tar',
    ...cifar,
    trigger: nad,
    target: 5,
    reported: [85.55, 2.15],
  },
  {
    name: 'cnn_2conv CIFAR-10',
    file: 'badnets-cnn/badnet-CIFAR10.pth',
    ...cifar,
    pixels: half,
    trigger: patchTrigger('badnets', { ...corner, patch_size: 5, imageShape: COLOUR }),
    target: 1,
    reported: [49.46, 96.65],
  },
  {
    name: 'cnn_2conv MNIST',
    file: 'badnets-cnn/badnet-MNIST.pth',
    ...mnist,
    pixels: half,
    trigger: patchTrigger('badnets', { ...corner, patch_size: 5, imageShape: [1, 28, 28] }),
    target: 1,
    reported: [98.08, 99.93],
  },
  {
    name: 'cnn_5conv CIFAR-10',
    file: 'conv5-cifar10/backdoor_model.pth',
    ...cifar,
    pixels: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
    trigger: patchTrigger('badnets', { ...corner, pattern: 'grid', patch_size: 3, imageShape: COLOUR }),
    target: 0,
    reported: [77.48, 100],
  },
];

const fineTune = ({ data }) => (data === 'mnist' ? {} : { crop_padding: 4, horizontal_flip: true });
/** The default; the published ranking, one map in eight; fine-tuning alone. */
const repairs = [
  { name: 'fmp', defense: 'fmp', options: {} },
  { name: 'fmp, published ranking, 1/8', defense: 'fmp', options: { ranking: 'accuracy', unlearn: 0, p: 8, min_per_layer: 1 } },
  { name: 'ft', defense: 'ft', options: {} },
];

/** CIFAR-10's binary records as a folder of PNG files. */
async function unpack(folder) {
  for (const split of ['train', 'test']) {
    const bytes = await readFile(join(flags.cifar, `${split}_partial.bin`));
    const counts = new Map();
    for (let at = 0; at < bytes.length; at += 3073) {
      const label = CLASSES[bytes[at]];
      const place = join(folder, split, label);
      if (!counts.has(label)) await mkdir(place, { recursive: true });
      const index = counts.get(label) ?? 0;
      counts.set(label, index + 1);
      const rgb = new Uint8Array(3072);
      for (let i = 0; i < 1024; i++) for (let c = 0; c < 3; c++) rgb[3 * i + c] = bytes[at + 1 + 1024 * c + i];
      await writeFile(
        join(place, `${index}.png`),
        await sharp(rgb, { raw: { width: 32, height: 32, channels: 3 } })
          .png()
          .toBuffer(),
      );
    }
  }
}

/** Whether PyTorch opens a written state dictionary and finds the names and shapes of the given one. */
function pytorchOpens(torch, given, written) {
  const code = `
import sys, torch
def state(path, safe):
    value = torch.load(path, map_location="cpu", **({"weights_only": True} if safe else {}))
    value = value.get("state_dict", value) if isinstance(value, dict) else value
    return {(name[7:] if name.startswith("module.") else name): tuple(v.shape) for name, v in value.items()}
given, written = state(sys.argv[1], False), state(sys.argv[2], True)
assert given == written, (set(given.items()) ^ set(written.items()))`;
  const { status, stderr } = spawnSync(torch.python, ['-c', code, given, written], { encoding: 'utf8' });
  return status === 0 ? 'yes' : stderr.trim().split('\n').at(-1);
}

if (!existsSync(join(flags.out, 'cifar10-original', 'test', 'truck'))) await unpack(join(flags.out, 'cifar10-original'));
const torch = findPyTorch();
const engine = await createEngine({ device: 'cpu' });
const note = (line) => console.log(`  ${line}`);
const percent = (value) => (100 * value).toFixed(2);
const scores = ({ acc, asr, ra }) => [acc, asr, ra].map(percent).join(' / ');
const rows = [];
for (const model of models.filter(({ name }) => !flags.only || flags.only.split(',').includes(name))) {
  console.log(model.name);
  const folder = join(
    flags.out,
    model.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/-$/, ''),
  );
  const file = join(flags.models, model.file);
  await mkdir(folder, { recursive: true });
  const backdoor = join(folder, 'backdoor.json');
  await writeFile(backdoor, JSON.stringify({ trigger: model.trigger.description, labelMap: { kind: 'all-to-one', target: model.target } }));
  const run = { engine, model: file, pixels: model.pixels, data: dataOptions.parse({ data: model.data }), seed: 0 };
  /** A run's result, from its folder where it was done before. */
  const once = async (name, work) => {
    const out = join(folder, name);
    const result = join(out, 'result.json');
    if (!existsSync(result)) await work(out);
    return JSON.parse(await readFile(result, 'utf8'));
  };
  const { before } = await once('evaluate', (out) => runEvaluate({ ...run, backdoor, out }, { note }));
  console.log(`  ${scores(before)} (elsewhere ${model.reported.join(' / ')})`);
  const options = Object.assign({}, ...detectors.map((detector) => detector.options.parse({})));
  const { detection, phases } = await once('scan', (out) => runScan({ ...run, detectors, options, ratio: model.ratio, out }, { note }));
  const found = { ...detection, seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0) };
  console.log(`  ${JSON.stringify({ level: found.level, target: found.target, seconds: found.seconds })}`);
  const row = { ...model, trigger: undefined, before, detection: found, repairs: {} };
  for (const { name, defense, options } of repairs) {
    const result = await once(name.replace(/[^a-z0-9]+/g, '-'), (out) =>
      runRepair(
        { ...run, backdoor, out, ratio: model.ratio, defense: findDefense(defense), options: { ...fineTune(model), ...options } },
        { note },
      ),
    );
    const out = join(folder, name.replace(/[^a-z0-9]+/g, '-').replace(/-$/, ''));
    const written = await runEvaluate({ ...run, model: join(out, 'repaired.onnx'), pixels: undefined, backdoor });
    const maps = Object.values(result.pruned ?? {}).flat().length;
    row.repairs[name] = {
      after: result.after,
      maps,
      seconds: result.phases.find((phase) => phase.name.toLowerCase().startsWith(defense))?.seconds,
      onnxAgrees: written.result.before.acc === result.after.acc && written.result.before.asr === result.after.asr,
      classes: (await loadModel(join(out, 'repaired.onnx'))).classes,
      pytorch: torch ? pytorchOpens(torch, file, join(out, 'repaired.pt')) : 'not there',
    };
    console.log(
      `  ${name}: ${scores(result.after)}; ${maps} maps; ONNX ${row.repairs[name].onnxAgrees}; PyTorch ${row.repairs[name].pytorch}`,
    );
  }
  rows.push(row);
}
await engine.close();
console.log(
  table(
    ['model', 'before: ACC / ASR / RA', 'scan', ...repairs.map(({ name }) => name)],
    rows.map(({ name, before, detection, repairs: done }) => [
      name,
      scores(before),
      `${detection.level}, class ${detection.target ?? '–'}`,
      ...Object.values(done).map(({ after, maps }) => `${scores(after)} (${maps})`),
    ]),
  ),
);
await writeFile(join(flags.out, 'third-party.json'), `${JSON.stringify(rows, null, 1)}\n`);
