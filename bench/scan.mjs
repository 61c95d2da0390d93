// FMP's scan beside the published procedure in PyTorch, on the CPU, alternately in one run. Writes runs/bench/scan.json. Run it with
// `npm run bench:scan`; under ten minutes on two cores.
//
// exact:  PreActResNet18 of full width, batch 32. A sample of maps of every layer on both sides, layer by layer in turn; seconds a map
//         times the maps of the layer, and what they share, make the whole. Agreement: maps whose number of right answers differs by at most one image.
// racing: the same network at width 16, 256 images, every map: the race against this project's exact scan for the overlap, and against
//         PyTorch's seconds for a sample of maps of every layer for the ratio. Wanted are one map in 64, as published, and one in 16,
//         at least one a layer.
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/core/random.js';
import { tensor } from '../dist/core/tensor.js';
import { stratified } from '../dist/data/sample.js';
import { scan } from '../dist/defenses/fmp/scan.js';
import { Scanner } from '../dist/defenses/fmp/scanner.js';
import { pruneCount, select } from '../dist/defenses/fmp/select.js';
import { cutSlices } from '../dist/defenses/fmp/slices.js';
import { Tally } from '../dist/defenses/fmp/tally.js';
import { writeTorch } from '../dist/formats/torch/write.js';
import { convLayers, countMaps } from '../dist/nn/feature-maps.js';
import { unitPixels } from '../dist/nn/pixels.js';
import { stateDict } from '../dist/nn/state-dict.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { writeFileAtomic } from '../dist/runtime/node/files.js';
import { median, spread, table } from './tools/figures.mjs';
import { findPyTorch, startPyTorch } from './tools/pytorch.mjs';
import { digits, MEAN, STD, scanNet } from './tools/scan-net.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    width: { type: 'string', default: '64' },
    out: { type: 'string', default: 'runs/bench/scan.json' },
  },
});
const folder = 'runs/bench';
const rounds = Number(flags.rounds);
/** On MNIST, where smaller changes hardly matter (docs/fmp.md). */
const [EPS, ALPHA] = [0.15, 0.05];
const RACE_ERROR = 0.05;
const threads = availableParallelism();
const torch = findPyTorch();
if (!torch) console.log('No python3 with PyTorch was found, so only the times of this project are measured.');
const engine = await createEngine({ device: 'cpu', threads });
const data = await digits();

/** Images, and the start that both sides share. */
function sample(count) {
  const drawn = stratified(data, { count }, new Random(7));
  const pixels = unitPixels(drawn.images, drawn.imageShape);
  const random = new Random(8);
  const moves = pixels.data.map((pixel) => Math.min(1, Math.max(0, pixel + (random.uniform() < 0.5 ? -ALPHA : ALPHA))) - pixel);
  return { pixels, labels: drawn.labels, start: tensor('float32', pixels.dims, moves) };
}

/** PyTorch with the same weights, images and start. */
async function startPublished(net, width, { pixels, labels, start }, name) {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'state.pt'), writeTorch(stateDict(net)));
  await writeFile(join(place, 'clean.f32'), new Uint8Array(pixels.data.buffer));
  await writeFile(join(place, 'start.f32'), new Uint8Array(pixels.data.map((pixel, i) => pixel + start.data[i]).buffer));
  await writeFile(join(place, 'labels.i32'), new Uint8Array(labels.buffer.slice(0)));
  return startPyTorch(torch, 'scan_map.py', [join(place, 'state.pt'), place, width, 32, EPS, MEAN, STD, threads]);
}

const spaced = (channels, count) => Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * channels) / count));
const timed = async (work) => {
  const started = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - started) / 1000 };
};

async function compareExact() {
  const [width, images] = [Number(flags.width), sample(32)];
  const net = await scanNet(engine, folder, data, { width, steps: 60, batchSize: 64, rate: 0.05 });
  const layers = convLayers(net.graph);
  const scanner = await Scanner.create({
    engine,
    classifier: net,
    images: 32,
    budget: { eps: EPS, steps: 1, stepSize: EPS },
    memory: 1024,
  });
  const [slice] = cutSlices(images, images.start, 32);
  const published = torch && (await startPublished(net, width, images, 'exact'));
  const totals = { ours: [], pytorch: [] };
  const [agree, compared] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const sums = { ours: 0, pytorch: 0 };
    for (const [index, layer] of layers.entries()) {
      const prepare = async () => {
        const prepared = await scanner.layer(layer);
        await prepared.use(slice);
        return prepared;
      };
      const { value: scans, seconds: shared } = await timed(prepare);
      const mine = spaced(layer.channels, 8).map((channel) => (channel + round) % layer.channels);
      const tallies = new Map(mine.map((channel) => [channel, new Tally(10)]));
      const look = async () => {
        for await (const { channels, answers } of scans.run(mine)) {
          for (const [map, channel] of channels.entries()) tallies.get(channel).addSlice(slice, answers, map);
        }
      };
      const { seconds } = await timed(look);
      await scans.release();
      sums.ours += shared + (seconds / mine.length) * layer.channels;
      if (!published) continue;
      const theirs = [];
      for (const channel of mine.filter((_, i) => i % 2 === 0)) {
        const [took, right] = await published.ask(`${index} ${channel} 32`);
        theirs.push(took);
        compared.push(1);
        agree.push(Math.abs(right - Math.round(32 * tallies.get(channel).fate().accuracy)) <= 1 ? 1 : 0);
      }
      sums.pytorch += median(theirs) * layer.channels;
    }
    totals.ours.push(sums.ours);
    totals.pytorch.push(sums.pytorch);
  }
  published?.stop();
  await scanner.release();
  const [ours, pytorch] = [spread(totals.ours), published && spread(totals.pytorch)];
  const agreement = compared.length > 0 ? agree.reduce((a, b) => a + b, 0) / compared.length : undefined;
  return {
    width,
    images: 32,
    maps: countMaps(layers),
    ours,
    pytorch,
    ratio: pytorch && pytorch.median / ours.median,
    agreement,
    compared: compared.length,
  };
}

async function compareRace() {
  const [width, count] = [16, 256];
  const net = await scanNet(engine, folder, data, { width, steps: 150, batchSize: 128, rate: 0.1 });
  const layers = convLayers(net.graph);
  const images = sample(count);
  const options = { eps: EPS, alpha: ALPHA, steps: 1 };
  const exact = await timed(() => scan(engine, net, layers, images, { ...options, random: new Random(1) }));
  let pytorch;
  if (torch) {
    const published = await startPublished(net, width, images, 'racing');
    pytorch = 0;
    for (const [index, layer] of layers.entries()) {
      const took = [];
      for (const channel of spaced(layer.channels, 3)) took.push((await published.ask(`${index} ${channel} ${count}`))[0]);
      pytorch += median(took) * layer.channels;
    }
    published.stop();
  }
  const races = [];
  for (const p of [64, 16]) {
    const rule = { p, minPerLayer: 1 };
    const wanted = (layer) => pruneCount(layer.channels, rule);
    const raced = await timed(() =>
      scan(engine, net, layers, images, { ...options, random: new Random(1), race: { wanted, error: RACE_ERROR } }),
    );
    const chosen = (result) => {
      const list = layers.flatMap(({ name }) => {
        const maps = result[name].map(({ accuracy, loss }, channel) => ({ channel, suspicion: 1 - accuracy, loss }));
        return select(maps, rule).map((channel) => `${name}/${channel}`);
      });
      return new Set(list);
    };
    const [all, fast] = [chosen(exact.value), chosen(raced.value)];
    const seen = layers.flatMap(({ name }) => raced.value[name].map((fate) => fate.images));
    races.push({
      p,
      wanted: all.size,
      seconds: raced.seconds,
      ratio: pytorch && pytorch / raced.seconds,
      overExact: exact.seconds / raced.seconds,
      imagesPerMap: seen.reduce((a, b) => a + b, 0) / seen.length,
      overlap: [...all].filter((map) => fast.has(map)).length / all.size,
    });
  }
  const [published, sixteenth] = races;
  const shared = { width, images: count, maps: countMaps(layers), error: RACE_ERROR, exactSeconds: exact.seconds, pytorchSeconds: pytorch };
  return { ...shared, ...published, sixteenth };
}

const exact = await compareExact();
const racing = await compareRace();
await engine.close();

const minutes = (seconds) => (seconds === undefined ? '–' : `${(seconds / 60).toFixed(1)} min`);
const times = (ratio) => (ratio === undefined ? '–' : ratio.toFixed(2));
const percent = (share) => (share === undefined ? '–' : `${(100 * share).toFixed(1)} %`);
console.log(
  table(
    ['scan', 'width', 'maps', 'images', 'this project', `published, PyTorch ${torch?.version ?? ''}`, 'times as fast', 'same result'],
    [
      [
        'exact',
        exact.width,
        exact.maps,
        exact.images,
        minutes(exact.ours.median),
        minutes(exact.pytorch?.median),
        times(exact.ratio),
        `${percent(exact.agreement)} of ${exact.compared} maps within one image`,
      ],
      ...[racing, racing.sixteenth].map((race) => [
        `racing for one in ${race.p}`,
        racing.width,
        racing.maps,
        racing.images,
        minutes(race.seconds),
        minutes(racing.pytorchSeconds),
        times(race.ratio),
        `${percent(race.overlap)} of ${race.wanted} selected maps`,
      ]),
    ],
  ),
);
console.log(
  `\nSampled: exact, 8 maps of each layer here and 4 of them in PyTorch, ${rounds} rounds in turn, times the maps of the layer; racing, all maps here, 3 of each layer in PyTorch.` +
    `\nThe first race looked at ${racing.imagesPerMap.toFixed(0)} of ${racing.images} images a map and took ${times(racing.overExact)} times less than the exact scan. ${threads} threads, ${cpus()[0].model}.`,
);
await writeFileAtomic(
  flags.out,
  `${JSON.stringify({ exact, racing, pytorch: torch?.version ?? null, threads, cpu: cpus()[0].model }, null, 1)}\n`,
);
console.log(`Written to ${flags.out}`);
