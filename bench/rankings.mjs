// Which ranking of feature maps finds a backdoor? Plants BadNets in the demo's network on MNIST, prunes the same number of
// maps by several rankings, fine-tunes, and measures. Run after a build:
//
//   node bench/rankings.mjs [--seeds 1,2,3] [--out runs/bench/rankings.json]
//
// Measured on 3,000 training images that neither attacker nor defender sees. `oracle` uses the trigger and is no defence:
// it is the same response as `response`, to the true trigger instead of the one that was found.
import { parseArgs } from 'node:util';
import { badnets } from '../dist/attacks/badnets.js';
import { Random } from '../dist/core/random.js';
import { float32 } from '../dist/core/tensor.js';
import { batches } from '../dist/data/batches.js';
import { mnist } from '../dist/data/node/mnist.js';
import { split, stratified } from '../dist/data/sample.js';
import { prepareFineTune } from '../dist/defenses/fine-tune.js';
import { fmpOptions } from '../dist/defenses/fmp/options.js';
import { responses } from '../dist/defenses/fmp/response.js';
import { scan } from '../dist/defenses/fmp/scan.js';
import { select } from '../dist/defenses/fmp/select.js';
import { suspectClass } from '../dist/defenses/fmp/suspect.js';
import { prune } from '../dist/defenses/prune.js';
import { measure } from '../dist/metrics/measure.js';
import { convLayers } from '../dist/nn/feature-maps.js';
import { unitPixels, writeUnitPixels } from '../dist/nn/pixels.js';
import { preActResNet } from '../dist/nn/preactresnet.js';
import { Predictor } from '../dist/nn/predict.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { writeFileAtomic } from '../dist/runtime/node/files.js';
import { train } from '../dist/train/loop.js';
import { sgd } from '../dist/train/optimizers/sgd.js';
import { oneCycle } from '../dist/train/schedules.js';

const { values: flags } = parseArgs({
  options: { seeds: { type: 'string', default: '1,2,3' }, out: { type: 'string', default: 'runs/bench/rankings.json' } },
});
const options = fmpOptions.parse({ eps: 0.15, alpha: 0.05 });
const engine = await createEngine({ device: 'cpu' });
const { train: everything } = await mnist.load();
const rows = [];
for (const seed of flags.seeds.split(',').map(Number)) rows.push(...(await oneSeed(seed)));
await engine.close();
await writeFileAtomic(flags.out, `${JSON.stringify({ options, rows }, null, 1)}\n`);
printMeans(rows);

async function oneSeed(seed) {
  const random = new Random(seed);
  const { held, rest } = split(everything, 0.05, random.fork('held out'));
  const poisoned = await badnets.poison(rest, badnets.options.parse({}), random.fork('poison'));
  const clean = stratified(rest, { ratio: 0.05 }, random.fork('clean'));
  const network = preActResNet({
    imageShape: [1, 28, 28],
    classes: 10,
    mean: [0.1307],
    std: [0.3081],
    width: 8,
    depths: [1, 1, 1, 1],
    seed,
  });
  const source = batches(poisoned.train, { batchSize: 64, random: random.fork('batches') });
  const schedule = oneCycle({ peak: 0.1, steps: 2 * source.batchesPerEpoch, startDivisor: 5 });
  const { classifier } = await train(engine, network, source, { epochs: 2, optimizer: sgd({ weightDecay: 5e-4 }), schedule });
  const layers = convLayers(classifier.graph);
  const images = sample(stratified(clean, { count: options.scan_images }, random.fork('scan')));
  const context = { engine, random: random.fork('defence') };

  const scanned = await scan(engine, classifier, layers, images, {
    ...options,
    scanBatch: options.scan_batch,
    random: random.fork('start'),
  });
  const suspect = await suspectClass({ model: classifier, clean }, layers, images.pixels, options, context);
  const oracle = await responses(engine, classifier, layers, images.pixels, triggered(images.pixels, poisoned.trigger));
  const scores = {
    accuracy: (layer) => scanned[layer.name].map((fate) => 1 - fate.accuracy),
    response: (layer) => [...suspect.responses[layer.name]],
    oracle: (layer) => [...oracle[layer.name]],
    random: (layer) => Array.from({ length: layer.channels }, () => random.uniform()),
  };
  const mapsBy = (score) =>
    Object.fromEntries(
      layers.map((layer) => [
        layer.name,
        score(layer).map((suspicion, channel) => ({ channel, suspicion, loss: scanned[layer.name][channel].loss })),
      ]),
    );
  const wanted = chosen(mapsBy(scores.oracle), { p: options.p, minPerLayer: options.min_per_layer });
  const found = [];
  const note = async (name, rule, model, selection) => {
    const maps = Object.values(selection).flat().length;
    const hits = Object.entries(selection).reduce((sum, [layer, list]) => sum + list.filter((c) => wanted[layer].includes(c)).length, 0);
    const predictor = await Predictor.create(engine, model);
    const { acc, asr, ra } = await measure(predictor, held, poisoned);
    await predictor.release();
    found.push({ seed, name, rule, maps, hitRate: maps > 0 ? hits / maps : null, acc, asr, ra });
    console.log(JSON.stringify(found.at(-1)));
  };
  await note('backdoored', '', classifier, {});
  const tuned = async (selection) => {
    const pruned = prune(classifier, layers, selection);
    return (await prepareFineTune(clean, options, context)(pruned.classifier, pruned.masks)).classifier;
  };
  await note('FT', '', await tuned({}), {});
  for (const [name, rule] of [
    ['accuracy', { p: 64, minPerLayer: 0 }],
    ['accuracy', { p: 8, minPerLayer: 1 }],
    ['random', { p: 8, minPerLayer: 1 }],
    ['response', { p: 16, minPerLayer: 1 }],
    ['response', { p: 8, minPerLayer: 1 }],
    ['oracle', { p: 8, minPerLayer: 1 }],
  ]) {
    const selection = chosen(mapsBy(scores[name]), rule);
    await note(name, `1/${rule.p}, at least ${rule.minPerLayer}`, await tuned(selection), selection);
  }
  return found;
}

function chosen(maps, rule) {
  return Object.fromEntries(Object.entries(maps).map(([layer, list]) => [layer, select(list, rule)]));
}

function sample({ images, imageShape, labels }) {
  return { pixels: unitPixels(images, imageShape), labels };
}

function triggered(pixels, trigger) {
  const size = pixels.dims[1] * pixels.dims[2] * pixels.dims[3];
  const changed = new Float32Array(pixels.data.length);
  for (let start = 0; start < changed.length; start += size) {
    const image = Uint8Array.from(pixels.data.subarray(start, start + size), (pixel) => Math.round(pixel * 255));
    writeUnitPixels(trigger.apply(image), changed, start);
  }
  return float32(pixels.dims, changed);
}

function printMeans(all) {
  const percent = (list) => {
    const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
    return `${(100 * mean).toFixed(2)} (${(100 * Math.min(...list)).toFixed(2)} to ${(100 * Math.max(...list)).toFixed(2)})`;
  };
  console.log('| ranking | pruned | maps | hit rate | ACC | ASR | RA |\n| --- | --- | --- | --- | --- | --- | --- |');
  for (const key of new Set(all.map((row) => `${row.name}|${row.rule}`))) {
    const group = all.filter((row) => `${row.name}|${row.rule}` === key);
    const [{ name, rule, maps, hitRate }] = group;
    const hits = hitRate === null ? '' : percent(group.map((row) => row.hitRate));
    const cells = ['acc', 'asr', 'ra'].map((figure) => percent(group.map((row) => row[figure])));
    console.log(`| ${name} | ${rule} | ${maps} | ${hits} | ${cells.join(' | ')} |`);
  }
}
