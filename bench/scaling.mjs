// What the exact scan costs as maps at a time, images, width and resolution grow, beside the published procedure in PyTorch on the
// CPU. Writes runs/bench/scaling.json. Run it with `npm run bench:scaling`; a few minutes on two cores.
//
// Networks are untrained: time does not depend on what the weights are. A point is measured on a sample of maps of every layer,
// layer by layer, and given as seconds a map, each layer counted with its maps, what they share included. One thing varies at a time from PreActResNet18 of
// width 16, 32 x 32, 32 images.
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/core/random.js';
import { float32, tensor } from '../dist/core/tensor.js';
import { LayerDisturbance } from '../dist/defenses/fmp/disturb.js';
import { Ranking } from '../dist/defenses/fmp/rank.js';
import { LayerScanner } from '../dist/defenses/fmp/scanner.js';
import { cutSlices } from '../dist/defenses/fmp/slices.js';
import { chooseStack } from '../dist/defenses/fmp/stack.js';
import { writeTorch } from '../dist/formats/torch/write.js';
import { portsOf } from '../dist/nn/classifier.js';
import { convLayers, countMaps } from '../dist/nn/feature-maps.js';
import { preActResNet } from '../dist/nn/preactresnet.js';
import { stateDict } from '../dist/nn/state-dict.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { writeFileAtomic } from '../dist/runtime/node/files.js';
import { traceSizes } from '../dist/runtime/trace.js';
import { median, spread, table } from './tools/figures.mjs';
import { findPyTorch, startPyTorch } from './tools/pytorch.mjs';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, out: { type: 'string', default: 'runs/bench/scaling.json' } },
});
const rounds = Number(flags.rounds);
const folder = 'runs/bench/scaling';
const [EPS, ALPHA, MEAN, STD] = [0.06, 0.02, 0.5, 0.25];
const MEMORY = 1024;
/** Of every second layer, these many maps. */
const SAMPLE = { ours: 4, pytorch: 1 };
const threads = availableParallelism();
const torch = findPyTorch();
if (!torch) console.log('No python3 with PyTorch was found, so only the times of this project are measured.');
const engine = await createEngine({ device: 'cpu', threads });

const base = { width: 16, side: 32, images: 32 };
const vary = (name, values) => values.map((value) => ({ by: name, value, ...base, [name]: value }));
const points = [
  ...vary('maps at a time', [1, 2, 4, 8]).map((point) => ({ ...point, images: 8, group: point.value })),
  ...vary('images', [8, 16, 32, 128]),
  ...vary('width', [8, 16, 32, 64]),
  ...vary('side', [16, 32, 64]),
];

/** Pixels drawn evenly, and a start. */
function sample(images, side) {
  const random = new Random(7);
  const dims = [images, 3, side, side];
  const pixels = float32(
    dims,
    Float32Array.from({ length: images * 3 * side * side }, () => random.uniform()),
  );
  const moves = pixels.data.map((pixel) => Math.min(1, Math.max(0, pixel + (random.uniform() < 0.5 ? -ALPHA : ALPHA))) - pixel);
  return { pixels, labels: Int32Array.from({ length: images }, (_, i) => i % 10), start: tensor('float32', dims, moves) };
}

async function startPublished(net, { width, side }, { pixels, labels, start }) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'state.pt'), writeTorch(stateDict(net)));
  await writeFile(join(folder, 'clean.f32'), new Uint8Array(pixels.data.buffer));
  await writeFile(join(folder, 'start.f32'), new Uint8Array(pixels.data.map((pixel, i) => pixel + start.data[i]).buffer));
  await writeFile(join(folder, 'labels.i32'), new Uint8Array(labels.buffer.slice(0)));
  return startPyTorch(torch, 'scan_map.py', [join(folder, 'state.pt'), folder, width, side, EPS, MEAN, STD, threads]);
}

/** Seconds that our scan takes for what a layer's maps share, and for some of them, on all images. */
async function lookAt(scans, slices, maps) {
  const seconds = { shared: 0, maps: 0 };
  for (const slice of slices) {
    const started = performance.now();
    await scans.use(slice);
    const ready = performance.now();
    for await (const _ of scans.run(maps));
    seconds.shared += (ready - started) / 1000;
    seconds.maps += (performance.now() - ready) / 1000;
  }
  return seconds;
}

const of = (channels, count, shift) =>
  Array.from({ length: Math.min(count, channels) }, (_, i) => (Math.floor(((i + 0.5) * channels) / count) + shift) % channels);

async function measure(point) {
  const net = preActResNet({
    imageShape: [3, point.side, point.side],
    classes: 10,
    mean: [MEAN, MEAN, MEAN],
    std: [STD, STD, STD],
    width: point.width,
    seed: 0,
  });
  const images = sample(point.images, point.side);
  const all = convLayers(net.graph);
  const layers = all.map((layer, index) => ({ layer, index })).filter(({ index }) => index % 2 === 0);
  const { input } = portsOf(net);
  const batch = net.graph.inputs.find(({ name }) => name === input).dims[0];
  const trace = await traceSizes(engine, net.graph, batch);
  const chosen = chooseStack(trace(1), point.images, { device: engine.device, threads, memory: MEMORY });
  const stack = point.group ? { images: point.images, group: point.group } : chosen;
  const ranking = await Ranking.compile(engine, net, stack.images);
  const budget = { eps: EPS, steps: 1, stepSize: EPS };
  const slices = cutSlices(images, images.start, stack.images);
  const published = torch && (await startPublished(net, point, images));
  const totals = { ours: [], pytorch: [] };
  const sampled = layers.reduce((sum, { layer }) => sum + layer.channels, 0);
  const scanners = [];
  for (const { layer } of layers) {
    const disturbance = await LayerDisturbance.compile(engine, net, layer, stack, budget, trace);
    scanners.push(new LayerScanner(disturbance, ranking, stack));
    await lookAt(scanners.at(-1), slices.slice(0, 1), of(layer.channels, stack.group, 0));
  }
  for (let round = 0; round < rounds; round++) {
    const sums = { ours: 0, pytorch: 0 };
    for (const [i, { layer, index }] of layers.entries()) {
      const mine = of(layer.channels, Math.max(SAMPLE.ours, stack.group), round);
      const took = await lookAt(scanners[i], slices, mine);
      sums.ours += took.shared + (took.maps / mine.length) * layer.channels;
      if (!published) continue;
      const theirs = [];
      for (const map of of(layer.channels, SAMPLE.pytorch, round)) theirs.push((await published.ask(`${index} ${map} ${point.images}`))[0]);
      sums.pytorch += median(theirs) * layer.channels;
    }
    totals.ours.push(sums.ours / sampled);
    totals.pytorch.push(sums.pytorch / sampled);
  }
  published?.stop();
  for (const scans of scanners) await scans.release();
  await ranking.release();
  const [ours, pytorch] = [spread(totals.ours), published && spread(totals.pytorch)];
  return { ...point, maps: countMaps(all), stack, ours, pytorch, ratio: pytorch && pytorch.median / ours.median };
}

const results = [];
for (const point of points) results.push(await measure(point));
await engine.close();

const milliseconds = (value) =>
  value ? `${(1000 * value.median).toFixed(1)} (${(1000 * value.lowest).toFixed(1)} to ${(1000 * value.highest).toFixed(1)})` : '–';
console.log(
  table(
    [
      'varied',
      'value',
      'maps of the network',
      'stack: images x maps',
      'a map, ms',
      `published, PyTorch ${torch?.version ?? ''}, ms`,
      'times as fast',
    ],
    results.map(({ by, value, maps, stack, ours, pytorch, ratio }) => [
      by,
      value,
      maps,
      `${stack.images} x ${stack.group}`,
      milliseconds(ours),
      milliseconds(pytorch),
      ratio ? ratio.toFixed(2) : '–',
    ]),
  ),
);
console.log(
  `\nPreActResNet18 of width ${base.width}, ${base.side} x ${base.side}, ${base.images} images (8 where maps at a time vary), but for what is varied. ` +
    `${rounds} rounds taken in turn, medians (lowest to highest). ${threads} threads, ${cpus()[0].model}.`,
);
const report = { points: results, pytorch: torch?.version ?? null, threads, cpu: cpus()[0].model };
await writeFileAtomic(flags.out, `${JSON.stringify(report, null, 1)}\n`);
console.log(`Written to ${flags.out}`);
