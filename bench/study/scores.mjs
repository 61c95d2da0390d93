// What each ranking says of a backdoored model, kept beside the model, with its agreement with the oracle.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../dist/core/random.js';
import { float32 } from '../../dist/core/tensor.js';
import { stratified } from '../../dist/data/sample.js';
import { fmpOptions } from '../../dist/defenses/fmp/options.js';
import { responses } from '../../dist/defenses/fmp/response.js';
import { scan } from '../../dist/defenses/fmp/scan.js';
import { findStrategy } from '../../dist/defenses/fmp/strategies/registry.js';
import { findTriggerFamily } from '../../dist/defenses/inversion/registry.js';
import { convLayers } from '../../dist/nn/feature-maps.js';
import { unitPixels } from '../../dist/nn/pixels.js';
import { writeFileAtomic } from '../../dist/runtime/node/files.js';
import { folderOf } from './models.mjs';
import { triggered } from './oracle.mjs';

/** Scores by layer of a named ranking: one of the library's, or `oracle`, or `reverse-` and one of the library's. */
export async function scoresOf(engine, out, cell, name, given, { model, backdoor, clean }) {
  if (name.startsWith('reverse-')) {
    const { scores, ...rest } = await scoresOf(engine, out, cell, name.slice('reverse-'.length), given, { model, backdoor, clean });
    return { ...rest, scores: Object.fromEntries(Object.entries(scores).map(([layer, list]) => [layer, list.map((value) => -value)])) };
  }
  const options = fmpOptions.parse({ ...given, ranking: name === 'oracle' ? 'random' : name });
  const tag = [name, ...Object.entries(given).map(([key, value]) => `${key}=${value}`)].join(' ').replaceAll('/', '_');
  const file = join(folderOf(out, cell), `scores ${tag}.json`);
  if (existsSync(file)) {
    const { triggers, ...known } = JSON.parse(await readFile(file, 'utf8'));
    return { ...known, triggers: triggers?.map(readTrigger) };
  }
  const layers = convLayers(model.graph);
  const random = new Random(cell.seed).fork('defence', ...(given.draw === undefined ? [] : [given.draw]));
  const chosen = stratified(clean, { count: options.scan_images }, random.fork('scan images'));
  const images = { pixels: unitPixels(chosen.images, chosen.imageShape), labels: chosen.labels };
  const started = performance.now();
  const { eps, alpha, steps, scan_memory: memory } = options;
  const rank = async () => {
    if (name === 'oracle') {
      return {
        by: 'the true trigger',
        scores: await responses(engine, model, layers, images.pixels, await triggered(engine, images.pixels, backdoor.trigger)),
      };
    }
    const look = () => scan(engine, model, layers, images, { eps, alpha, steps, memory, random: random.fork('scan start') });
    return findStrategy(name).rank({ engine, model, layers, clean, images, options, random: random.fork('rank'), scan: look });
  };
  const { scores, by, triggers } = await rank();
  const told = {
    by,
    seconds: (performance.now() - started) / 1000,
    scores: Object.fromEntries(layers.map((layer) => [layer.name, Array.from(scores[layer.name])])),
  };
  await writeFileAtomic(file, `${JSON.stringify({ ...told, triggers: triggers?.map(writeTrigger) })}\n`);
  return { ...told, triggers };
}

function writeTrigger({ family, parameters, ...rest }) {
  const arrays = Object.entries(parameters).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data) }]);
  return { ...rest, family: family.name, parameters: Object.fromEntries(arrays) };
}

function readTrigger({ family, parameters, ...rest }) {
  const tensors = Object.entries(parameters).map(([name, { dims, data }]) => [name, float32(dims, data)]);
  return { ...rest, family: findTriggerFamily(family), parameters: Object.fromEntries(tensors) };
}
