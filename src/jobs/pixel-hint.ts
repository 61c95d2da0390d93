import { argmaxRows, float32, floats, sizeOf } from '../core/tensor.js';
import { type Dataset, sizeOfDataset, subset } from '../data/dataset.js';
import { channelStatistics } from '../data/statistics.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { unitPixels } from '../nn/pixels.js';
import { imagesPerRun } from '../nn/predict.js';
import { percent } from '../report/format.js';
import type { Engine } from '../runtime/engine.js';

/** Training images that are looked at. */
const IMAGES = 250;
/** Share of the images by which another form of pixels must be better to be worth a word. */
const MARGIN = 0.1;

/** A usual form of pixels, and the options that ask for it. */
interface Form {
  readonly options: string;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * For a model whose file does not tell which pixels it wants: whether it does much better on training images with other
 * usual ones than those that it is given. Nothing is chosen by it; whoever runs the program decides.
 * @returns one line, or undefined where there is nothing to say.
 */
export async function pixelHint(engine: Engine, model: Classifier, train: Dataset): Promise<string | undefined> {
  const { origin, checkpoint, classes, batch, imageShape } = model;
  const isGuess = checkpoint ? !checkpoint.pixelsGiven : origin?.convention.basis === 'assumed';
  if (!isGuess || batch !== undefined || classes !== train.classes.length) return undefined;
  const total = sizeOfDataset(train);
  const count = Math.min(IMAGES, total);
  // Evenly spread, as files often hold one class after the other.
  const part = subset(
    train,
    Array.from({ length: count }, (_, i) => Math.floor((i * total) / count)),
    'looked at',
  );
  const pixels = unitPixels(part.images, imageShape);
  const { input, output } = portsOf(model);
  const perRun = imagesPerRun(imageShape);
  const program = await engine.compile(model.graph);
  try {
    // The model's graph does nothing to pixels in [0, 1], so that other pixels can be given to it as they are.
    const accuracy = async ({ scale, mean, std }: Form) => {
      const plane = imageShape[1] * imageShape[2];
      const values = pixels.data.map((value, i) => {
        const channel = Math.floor(i / plane) % imageShape[0];
        return (value * scale - mean[channel]) / std[channel];
      });
      const size = sizeOf(imageShape);
      let hits = 0;
      for (let start = 0; start < count; start += perRun) {
        const images = Math.min(perRun, count - start);
        const given = float32([images, ...imageShape], values.subarray(start * size, (start + images) * size));
        const found = argmaxRows(floats((await program.run({ [input]: given }))[output]), classes);
        hits += found.reduce((sum, label, i) => sum + (label === part.labels[start + i] ? 1 : 0), 0);
      }
      return hits / count;
    };
    const [plain, ...others] = formsFor(train);
    const now = await accuracy(plain);
    let best = { form: plain, accuracy: now };
    for (const form of others) {
      const found = await accuracy(form);
      if (found > best.accuracy) best = { form, accuracy: found };
    }
    if (best.accuracy < now + MARGIN) return undefined;
    return (
      `of ${count} training images the model gets ${percent(now)} right with pixels in [0, 1], and ${percent(best.accuracy)} with ` +
      `${best.form.options}; give these options if it was trained so`
    );
  } finally {
    await program.release();
  }
}

function formsFor(train: Dataset): Form[] {
  const [channels] = train.imageShape;
  const each = (value: number) => new Array<number>(channels).fill(value);
  const statistics = channelStatistics(train);
  const normalised = ({ mean, std }: Pick<Form, 'mean' | 'std'>): Form => ({ options: `--mean ${mean} --std ${std}`, scale: 1, mean, std });
  return [
    { options: '', scale: 1, mean: each(0), std: each(1) },
    { options: '--scale 255', scale: 255, mean: each(0), std: each(1) },
    { options: '--mean 0.5 --std 0.5', scale: 1, mean: each(0.5), std: each(0.5) },
    normalised(statistics),
    ...(channels === 3 ? [normalised({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] })] : []),
  ];
}
