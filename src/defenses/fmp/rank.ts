import { floats, type Tensor, tensor } from '../../core/tensor.js';
import { type Classifier, portsOf } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine, Program } from '../../runtime/engine.js';

/** How the whole network fares on disturbed images. */
export interface Fate {
  /** Share of the images still classified correctly, 0..1. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The largest share of the images of other classes that is taken for one class, 0..1. */
  readonly collapse: number;
}

/** Runs the whole network on the images of several maps at once and returns three numbers a map. */
export class Ranking {
  readonly #program: Program;
  readonly #clean: Tensor;
  readonly #targets: Tensor;

  private constructor(program: Program, clean: Tensor, targets: Tensor) {
    this.#program = program;
    this.#clean = clean;
    this.#targets = targets;
  }

  /**
   * @param clean pixels [B, C, H, W].
   * @param labels their true labels.
   */
  static async compile(engine: Engine, classifier: Classifier, clean: Tensor<'float32'>, labels: ArrayLike<number>): Promise<Ranking> {
    const { imageShape, classes } = classifier;
    const images = labels.length;
    const builder = new GraphBuilder('ranking');
    const pixels = builder.input('clean', 'float32', [1, images, ...imageShape]);
    const perturbation = builder.input('perturbation', 'float32', ['G', images, ...imageShape]);
    const wanted = builder.input('targets', 'float32', [1, images, classes]);
    const disturbed = builder.clip(builder.add(pixels, perturbation), 0, 1);
    embed(builder, classifier.graph, builder.reshape(disturbed, [-1, ...imageShape]));
    const logits = builder.reshape(portsOf(classifier).output, [-1, images, classes]);
    const hits = builder.equal(builder.argMax(logits, 2), builder.argMax(wanted, 2));
    builder.output(builder.reduceMean(builder.cast(hits, 'float32'), [1]), 'accuracy');
    const taken = builder.cast(builder.equal(logits, builder.reduceMax(logits, [2], true)), 'float32');
    const other = builder.sub(builder.scalar(1), wanted);
    const strays = builder.reduceSum(builder.mul(taken, other), [1]);
    // A class that all images belong to has no strays, and must not divide by zero.
    const others = builder.max(builder.reduceSum(other, [1]), builder.scalar(1));
    builder.output(builder.reduceMax(builder.div(strays, others), [1]), 'collapse');
    const likelihood = builder.reduceSum(builder.mul(builder.logSoftmax(logits, 2), wanted), [2]);
    builder.output(builder.neg(builder.reduceMean(likelihood, [1])), 'loss');
    const targets = new Float32Array(images * classes);
    for (let image = 0; image < images; image++) targets[image * classes + labels[image]] = 1;
    const program = await engine.compile(builder.build());
    return new Ranking(program, { ...clean, dims: [1, ...clean.dims] }, tensor('float32', [1, images, classes], targets));
  }

  /** @param perturbations [maps, B, C, H, W], added to the clean images. */
  async run(perturbation: Tensor<'float32'>): Promise<Fate[]> {
    const { accuracy, loss, collapse } = await this.#program.run({ clean: this.#clean, targets: this.#targets, perturbation });
    const [losses, collapses] = [loss, collapse].map((value) => floats(value));
    return Array.from(floats(accuracy), (value, map) => ({ accuracy: value, loss: losses[map], collapse: collapses[map] }));
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}
