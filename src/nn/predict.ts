import { checkInterrupted, UserError } from '../core/errors.js';
import type { Control } from '../core/progress.js';
import { argmaxRows, floats, sizeOf, tensor } from '../core/tensor.js';
import type { Engine, Program } from '../runtime/engine.js';
import { type Classifier, portsOf } from './classifier.js';
import { writeUnitPixels } from './pixels.js';

/** Images to classify; every data set is such a thing. */
export interface Images {
  /** For messages. */
  readonly name: string;
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  /** Pixels 0..255, [N, C, H, W]. */
  readonly images: Uint8Array;
}

export interface PredictOptions extends Control {
  /**
   * Images per run, a whole number from 1; default {@link imagesPerRun}. The last run takes what is left. A model of one batch size
   * keeps to that.
   */
  readonly batchSize?: number;
  /** What progress calls the work; default `predict`. */
  readonly phase?: string;
}

/** Most images per run, and the size of an image, in values, from which on there are fewer: 3 x 64 x 64. */
const LARGEST_RUN = 250;
const LARGE_IMAGE = 3 * 64 * 64;

/** Images that go through a network at once without taking much memory: 250, fewer where they are larger than 3 x 64 x 64. */
export function imagesPerRun(imageShape: readonly number[]): number {
  return Math.max(1, Math.floor(LARGEST_RUN * Math.min(1, LARGE_IMAGE / sizeOf(imageShape))));
}

/** A classifier, compiled once, that predicts for any number of images. Release it when done. */
export class Predictor {
  readonly #classifier: Classifier;
  readonly #program: Program;

  private constructor(classifier: Classifier, program: Program) {
    this.#classifier = classifier;
    this.#program = program;
  }

  static async create(engine: Engine, classifier: Classifier): Promise<Predictor> {
    return new Predictor(classifier, await engine.compile(classifier.graph));
  }

  /**
   * Logits [N, K] of the images, which are given to the network as float32 in [0, 1].
   * @throws UserError when the images have another size or number of classes than the network, when there are none, and
   *   when a logit is not a number, which would else be counted as class 0.
   * @throws Interrupted when the signal fires.
   */
  async logits(images: Images, { phase = 'predict', progress, signal, ...options }: PredictOptions = {}): Promise<Float32Array> {
    const batchSize = options.batchSize ?? imagesPerRun(images.imageShape);
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new UserError(`a batch size of ${batchSize} makes no sense; choose a whole number from 1`);
    const { name, classes, batch: only } = this.#classifier;
    const count = this.#check(images);
    const { input, output } = portsOf(this.#classifier);
    const pixels = sizeOf(images.imageShape);
    const logits = new Float32Array(count * classes);
    for (let done = 0; done < count; ) {
      checkInterrupted(signal, `after ${done} of ${count} images; run it again to start over`);
      const size = Math.min(only ?? batchSize, count - done);
      // What a model of one batch size gets beyond the images is black, and what it says of it is not read.
      const given = only ?? size;
      const batch = new Float32Array(given * pixels);
      writeUnitPixels(images.images.subarray(done * pixels, (done + size) * pixels), batch);
      const outputs = await this.#program.run({ [input]: tensor('float32', [given, ...images.imageShape], batch) });
      const values = floats(outputs[output], `the output of model '${name}'`);
      if (values.length !== given * classes) {
        throw new UserError(
          `model '${name}' gives ${values.length} values for ${given} images, expected ${classes} for each; check the model`,
        );
      }
      if (values.some(Number.isNaN))
        throw new UserError(`model '${name}' gives logits that are not numbers; it is damaged, or its training diverged`);
      logits.set(values.subarray(0, size * classes), done * classes);
      done += size;
      progress?.({ phase, done, total: count, unit: 'image' });
    }
    return logits;
  }

  /** Frees what was compiled. */
  release(): Promise<void> {
    return this.#program.release();
  }

  /** Number of images, once it is clear that they fit. */
  #check({ name, classes, imageShape, images }: Images): number {
    const model = this.#classifier;
    if (imageShape.join() !== model.imageShape.join()) {
      const [wanted, given] = [model.imageShape, imageShape].map((shape) => shape.join(' x '));
      throw new UserError(
        `model '${model.name}' takes images of ${wanted}, but those of ${name} are ${given}; use the data set of the model`,
      );
    }
    if (classes.length !== model.classes) {
      throw new UserError(
        `model '${model.name}' has ${model.classes} classes, but ${name} has ${classes.length}; use the data set of the model`,
      );
    }
    if (images.length === 0) throw new UserError(`${name} holds no images to predict; give at least one`);
    return images.length / sizeOf(imageShape);
  }
}

/** Share of labelled images that a classifier gets right, 0..1, compiled for this once. Throws as {@link Predictor.logits} does. */
export async function accuracyOn(
  engine: Engine,
  classifier: Classifier,
  images: Images & { readonly labels: Int32Array },
  options: PredictOptions = {},
): Promise<number> {
  const predictor = await Predictor.create(engine, classifier);
  try {
    const best = argmaxRows(await predictor.logits(images, options), classifier.classes);
    return images.labels.reduce((hits, label, i) => hits + (best[i] === label ? 1 : 0), 0) / images.labels.length;
  } finally {
    await predictor.release();
  }
}
