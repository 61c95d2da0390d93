import { floats, type Tensor, tensor } from '../../core/tensor.js';
import { type Classifier, portsOf } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine, Program } from '../../runtime/engine.js';

/** What the whole network says of disturbed images, map by map and image by image: [maps · B]. */
export interface Answers {
  /** The class with the highest score; the first of several. */
  readonly predicted: Float32Array;
  /** Cross-entropy of the true label. */
  readonly losses: Float32Array;
  /** The true label's score less the highest of the others: below zero where the answer is wrong. */
  readonly margins: Float32Array;
}

/** Larger than any difference of scores, and small enough to leave them their digits. */
const OUT_OF_THE_WAY = 1e6;

/** Runs the whole network on the disturbed images of several maps at once. */
export class Ranking {
  readonly #program: Program;
  readonly #classes: number;

  private constructor(program: Program, classes: number) {
    this.#program = program;
    this.#classes = classes;
  }

  /** @param images that each map is looked at with at once, B. */
  static async compile(engine: Engine, classifier: Classifier, images: number): Promise<Ranking> {
    const { imageShape, classes } = classifier;
    const builder = new GraphBuilder('ranking');
    builder.avoid(classifier.graph);
    const pixels = builder.input('clean', 'float32', [1, images, ...imageShape]);
    const perturbation = builder.input('perturbation', 'float32', ['G', images, ...imageShape]);
    const wanted = builder.input('targets', 'float32', [1, images, classes]);
    const disturbed = builder.clip(builder.add(pixels, perturbation), 0, 1);
    embed(builder, classifier.graph, builder.reshape(disturbed, [-1, ...imageShape]));
    const logits = builder.reshape(portsOf(classifier).output, [-1, images, classes]);
    builder.output(builder.cast(builder.argMax(logits, 2), 'float32'), 'predicted');
    builder.output(builder.neg(builder.reduceSum(builder.mul(builder.logSoftmax(logits, 2), wanted), [2])), 'losses');
    const right = builder.reduceSum(builder.mul(logits, wanted), [2]);
    const others = builder.sub(logits, builder.mul(wanted, builder.scalar(OUT_OF_THE_WAY)));
    builder.output(builder.sub(right, builder.reduceMax(others, [2])), 'margins');
    return new Ranking(await engine.compile(builder.build(), { fast: true, held: ['clean', 'targets'] }), classes);
  }

  /**
   * Settles the images.
   * @param clean pixels [B, C, H, W].
   * @param labels their true labels.
   */
  async prepare(clean: Tensor<'float32'>, labels: ArrayLike<number>): Promise<void> {
    const targets = new Float32Array(labels.length * this.#classes);
    for (let image = 0; image < labels.length; image++) targets[image * this.#classes + labels[image]] = 1;
    await this.#program.write({
      clean: { ...clean, dims: [1, ...clean.dims] },
      targets: tensor('float32', [1, labels.length, this.#classes], targets),
    });
  }

  /** @param perturbation [maps, B, C, H, W], added to the clean images. */
  async run(perturbation: Tensor<'float32'>): Promise<Answers> {
    const { predicted, losses, margins } = await this.#program.run({ perturbation });
    return { predicted: floats(predicted), losses: floats(losses), margins: floats(margins) };
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}
