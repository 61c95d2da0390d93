import { gradient } from '../autodiff/gradient.js';
import { float32, floats } from '../core/tensor.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { embed } from '../nn/embed.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { crossEntropy } from '../train/loss.js';

/** What a model makes of images, and how a loss changes with their pixels. */
export interface InputGradient {
  /** Scalar. */
  readonly loss: number;
  /** d loss / d pixel, [B, C, H, W]. */
  readonly gradient: Float32Array;
  /** [B, K]. */
  readonly logits: Float32Array;
}

export interface InputGradientProgram {
  /** @param pixels [B, C, H, W], as the model takes them: in [0, 1]. */
  run(pixels: Float32Array, others?: Tensors): Promise<InputGradient>;
  release(): Promise<void>;
}

/**
 * Compiles the gradient of a loss with respect to a model's input.
 * @param loss adds the scalar to a graph that holds the model: given the graph under construction and the value of the logits.
 */
export async function compileInputGradient(
  engine: Engine,
  model: Classifier,
  batchSize: number,
  loss: (builder: GraphBuilder, logits: Value) => Value,
): Promise<InputGradientProgram> {
  const { imageShape } = model;
  const { output } = portsOf(model);
  const builder = new GraphBuilder(`${model.name}:input`);
  builder.avoid(model.graph);
  const images = builder.input('attack:images', 'float32', [batchSize, ...imageShape]);
  embed(builder, model.graph, images);
  const value = builder.output(loss(builder, output), 'attack:loss');
  builder.output(output);
  const program = await engine.compile(gradient(await traceShapes(engine, builder.build()), value, [images]));
  return {
    async run(pixels, others) {
      const feeds = { [images]: float32([batchSize, ...imageShape], pixels), ...others };
      const outputs = await program.run(feeds);
      return { loss: floats(outputs[value])[0], gradient: floats(outputs[`grad:${images}`]), logits: floats(outputs[output]) };
    },
    release: () => program.release(),
  };
}

/** Compiles the gradient of the cross-entropy, summed over the images, to the given labels. */
export async function compileLabelGradient(engine: Engine, model: Classifier, batchSize: number) {
  const { classes } = model;
  const program = await compileInputGradient(engine, model, batchSize, (builder, logits) => {
    const mean = crossEntropy(builder, logits, builder.input('attack:targets', 'float32', [batchSize, classes]));
    return builder.mul(mean, builder.scalar(batchSize));
  });
  return {
    /** @param labels one for each image. */
    run(pixels: Float32Array, labels: ArrayLike<number>): Promise<InputGradient> {
      const targets = new Float32Array(batchSize * classes);
      for (let i = 0; i < batchSize; i++) targets[i * classes + labels[i]] = 1;
      return program.run(pixels, { 'attack:targets': float32([batchSize, classes], targets) });
    },
    release: () => program.release(),
  };
}
