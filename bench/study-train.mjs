// Trains the backdoored models that bench/study.mjs works with. Run after a build:
//
//   node bench/study-train.mjs --data mnist --attacks badnets,blended,sig,wanet --seeds 0,1,2,3 [--from FOLDER] [--out runs/study]
import { parseArgs } from 'node:util';
import { triggeredTestSet } from '../dist/attacks/triggered.js';
import { measure } from '../dist/metrics/measure.js';
import { Predictor } from '../dist/nn/predict.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { backdoored, imagesFor } from './study/models.mjs';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: 'mnist' },
    attacks: { type: 'string', default: 'badnets' },
    seeds: { type: 'string', default: '0' },
    from: { type: 'string' },
    out: { type: 'string', default: 'runs/study' },
  },
});
const engine = await createEngine({ device: 'cpu' });
for (const attack of flags.attacks.split(',')) {
  for (const seed of flags.seeds.split(',').map(Number)) {
    const images = await imagesFor(flags.data, seed, flags.from);
    const progress = ({ phase, done, total, figures }) => {
      if (phase === 'train' && done % 50 === 0) console.log(JSON.stringify({ attack, seed, done, total, ...figures }));
    };
    const { model, backdoor, seconds } = await backdoored(engine, flags.out, { data: flags.data, attack, seed }, images, progress);
    const predictor = await Predictor.create(engine, model);
    const { acc, asr, ra } = await measure(predictor, images.held, await triggeredTestSet(images.held, backdoor, engine));
    await predictor.release();
    console.log(JSON.stringify({ data: flags.data, attack, seed, acc, asr, ra, seconds }));
  }
}
await engine.close();
