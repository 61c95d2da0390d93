import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { zeros } from '../core/tensor.js';
import { withParameters } from '../nn/classifier.js';
import { Predictor } from '../nn/predict.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { madeUpDataset } from '../testing/dataset.js';
import { shortcutClassifier } from '../testing/shortcut.js';
import { nc } from './nc.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const made = madeUpDataset(40, 3, [1, 8, 8]);
/** Dark images of class 0, bright ones of class 1, and grey ones with a bright top row of class 2; the corner is dark in all. */
const clean = {
  ...made,
  images: made.images.map((_, i) => {
    const label = made.labels[Math.floor(i / 64)];
    if (i % 64 === 63) return 0;
    if (label === 2 && i % 64 < 8) return 250;
    return (label === 0 ? 40 : label === 1 ? 190 : 115) + ((i * 7) % 30);
  }),
};
const context = () => ({ engine, random: new Random(1) });
const small = { nc_images: 24, nc_steps: 60, batch_size: 20, epochs: 20, lr: 0.02, unlearning_ratio: 0.5 };

/** Share of dark and bright images that a bright corner turns into class 2. */
async function success(model: ReturnType<typeof shortcutClassifier>): Promise<number> {
  const wanted = Array.from(clean.labels.keys()).filter((i) => clean.labels[i] !== 2);
  const images = Uint8Array.from(wanted.flatMap((i) => [...clean.images.slice(i * 64, i * 64 + 63), 200]));
  const predictor = await Predictor.create(engine, model);
  const logits = await predictor.logits({ ...clean, images });
  await predictor.release();
  return wanted.filter((_, i) => logits[3 * i + 2] > Math.max(logits[3 * i], logits[3 * i + 1])).length / wanted.length;
}

test('a class with a shortcut is found and the shortcut unlearned', async () => {
  const model = shortcutClassifier();
  assert.ok((await success(model)) > 0.95);
  const repair = await nc.repair({ model, clean }, nc.options.parse(small), context());
  assert.match(repair.rule, /: class 2 \(index/);
  assert.equal(repair.history.length, 20);
  assert.ok((await success(repair.model)) < 0.5, `${await success(repair.model)}`);
});

test('where no class stands out the model is left as it was, and the reason is given', async () => {
  // A model that knows nothing: no class can be reached, so none more easily than the others.
  const model = withParameters(brightnessClassifier(3, [1, 8, 8]), { weight: zeros('float32', [64, 3]), bias: zeros('float32', [3]) });
  const repair = await nc.repair({ model, clean }, nc.options.parse(small), context());
  assert.equal(repair.model, model);
  assert.match(repair.rule, /None does .* left as it was/);
});
