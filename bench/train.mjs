// The training step of PreActResNet18 (32 x 32, batch 128) beside PyTorch's, on the CPU, alternately in one run: forward, loss,
// gradient, SGD with momentum and weight decay; with forms of weight gradients by rule, which is the default, and by measurement
// (kept in runs/bench/forms). Writes runs/bench/train.json. Run it with `npm run bench:train`.
//
//   node bench/train.mjs [--widths 64,16] [--rounds 5] [--batch 128] [--out runs/bench/train.json]
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { float32, full } from '../dist/core/tensor.js';
import { preActResNet } from '../dist/nn/preactresnet.js';
import { GraphBuilder } from '../dist/onnx/builder.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { writeFileAtomic } from '../dist/runtime/node/files.js';
import { sgd } from '../dist/train/optimizers/sgd.js';
import { TrainingStep } from '../dist/train/step.js';
import { median, seconds, spread, table } from './tools/figures.mjs';
import { makeFolderOf } from './tools/folder.mjs';
import { findPyTorch, startPyTorch } from './tools/pytorch.mjs';

const { values: flags } = parseArgs({
  options: {
    widths: { type: 'string', default: '64,16' },
    rounds: { type: 'string', default: '5' },
    batch: { type: 'string', default: '128' },
    out: { type: 'string', default: 'runs/bench/train.json' },
  },
});
const SIDE = 32;
const batch = Number(flags.batch);
const rounds = Number(flags.rounds);
const threads = availableParallelism();
const torch = findPyTorch();
if (!torch) console.log('No python3 with PyTorch was found, so only the times of this project are measured.');
const engine = await createEngine({ device: 'cpu', threads });
const measuring = await createEngine({ device: 'cpu', threads, forms: join(dirname(flags.out), 'forms') });

/** Multiply-accumulates of one step: three times the forward pass, less the input gradient of the first layer. */
function macsOf(width) {
  const stage = (channels, from, side, first) => (first ? 9 * channels * from + channels * from : 9 * channels * channels) * side * side;
  let forward = 27 * width * SIDE * SIDE + 4 * 9 * width * width * SIDE * SIDE;
  for (let s = 1; s < 4; s++) {
    const [channels, side] = [width << s, SIDE >> s];
    forward += stage(channels, channels / 2, side, true) + 3 * 9 * channels * channels * side * side;
  }
  return batch * (3 * forward - 27 * width * SIDE * SIDE);
}

/** The machine's limit: multiply-accumulates a second of a large matrix product. */
async function peakOf() {
  const size = 2048;
  const builder = new GraphBuilder('peak');
  const a = builder.input('a', 'float32', [size, size]);
  builder.output(builder.reduceSum(builder.matmul(a, a)), 'sum');
  const program = await engine.compile(builder.build());
  const feeds = { a: full([size, size], 0.01) };
  const times = [];
  for (let i = 0; i < 6; i++) {
    const started = performance.now();
    await program.run(feeds);
    times.push((performance.now() - started) / 1000);
  }
  await program.release();
  return size ** 3 / Math.min(...times);
}

async function compareAt(width) {
  const net = preActResNet({ imageShape: [3, SIDE, SIDE], classes: 10, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], width, seed: 0 });
  const optimizer = sgd({ momentum: 0.9, weightDecay: 5e-4 });
  const steps = { ours: await TrainingStep.compile(engine, net, { batchSize: batch, optimizer }) };
  steps.measured = await TrainingStep.compile(measuring, net, { batchSize: batch, optimizer });
  const pixels = Float32Array.from({ length: batch * 3 * SIDE * SIDE }, (_, i) => ((i * 2654435761) % 1000) / 1000);
  const targets = new Float32Array(batch * 10);
  for (let image = 0; image < batch; image++) targets[image * 10 + (image % 10)] = 1;
  const data = { images: float32([batch, 3, SIDE, SIDE], pixels), targets: float32([batch, 10], targets) };
  for (const step of Object.values(steps)) for (let i = 0; i < 2; i++) await step.run(data, 0.01);
  const other = torch && (await startPyTorch(torch, 'train_step.py', [width, batch, SIDE, threads]));
  const times = { ours: [], measured: [], pytorch: [] };
  // As many steps a round as take about two seconds, so that a short disturbance does not decide a round.
  const timed = async (step) => {
    const started = performance.now();
    await step.run(data, 0.01);
    return (performance.now() - started) / 1000;
  };
  const perRound = Math.max(1, Math.round(2 / (await timed(steps.ours))));
  for (let round = 0; round < rounds; round++) {
    for (const [name, step] of Object.entries(steps)) {
      const mine = [];
      for (let i = 0; i < perRound; i++) mine.push(await timed(step));
      times[name].push(median(mine));
    }
    if (!other) continue;
    const theirs = [];
    for (let i = 0; i < perRound; i++) theirs.push(await other.run());
    times.pytorch.push(median(theirs));
  }
  other?.stop();
  for (const step of Object.values(steps)) await step.release();
  const ours = spread(times.ours);
  const measured = spread(times.measured);
  const pytorch = other && spread(times.pytorch);
  return {
    width,
    stepsPerRound: perRound,
    ours,
    measured,
    pytorch,
    ratio: pytorch && pytorch.median / ours.median,
    measuredOverRule: ours.median / measured.median,
    macsPerSecond: macsOf(width) / ours.median,
  };
}

const peak = await peakOf();
const results = [];
for (const width of flags.widths.split(',').map(Number)) results.push(await compareAt(width));
await engine.close();
await measuring.close();

const giga = (value) => `${(value / 1e9).toFixed(0)} G`;
console.log(
  table(
    [
      'width',
      'this project, a step',
      `PyTorch ${torch?.version ?? ''}, a step`,
      'times as fast',
      'forms by measurement, a step',
      'multiply-accumulates a second',
      'of a large MatMul',
    ],
    results.map(({ width, ours, measured, pytorch, ratio, macsPerSecond }) => [
      width,
      seconds(ours),
      pytorch ? seconds(pytorch) : '–',
      ratio ? ratio.toFixed(2) : '–',
      seconds(measured),
      giga(macsPerSecond),
      `${((100 * macsPerSecond) / peak).toFixed(0)} %`,
    ]),
  ),
);
console.log(
  `\nBatch ${batch}, ${SIDE} x ${SIDE}, ${threads} threads, ${rounds} rounds taken in turn; medians (lowest to highest). MatMul: ${giga(peak)}.`,
);
const report = {
  ratio: results[0].ratio ?? null,
  pytorch: torch?.version ?? null,
  batch,
  threads,
  cpu: cpus()[0].model,
  matmulMacsPerSecond: peak,
  widths: results,
};
await makeFolderOf(flags.out);
await writeFileAtomic(flags.out, `${JSON.stringify(report, null, 1)}\n`);
console.log(`Written to ${flags.out}`);
