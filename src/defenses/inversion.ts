import { pullBack } from '../autodiff/gradient.js';
import { checkInterrupted } from '../core/errors.js';
import type { Control } from '../core/progress.js';
import type { Random } from '../core/random.js';
import { float32, floats, full, sizeOf, type Tensor, tensor, zeros } from '../core/tensor.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { embed } from '../nn/embed.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { adam } from '../train/optimizers/adam.js';

export interface InversionOptions extends Control {
  /** Optimiser steps. */
  readonly steps: number;
  /** Adam's learning rate on the logits of mask and pattern. */
  readonly rate: number;
  /** λ, the weight of the mask's sum beside the cross-entropy. */
  readonly sparsity: number;
  /** Draws the first patterns. */
  readonly random: Random;
}

/** The smallest change found that sends images of any class to one class. */
export interface PseudoTrigger {
  readonly target: number;
  /** Where it acts, 0..1: [1, H, W]. */
  readonly mask: Tensor<'float32'>;
  /** What it puts there, pixels 0..1: [C, H, W]. */
  readonly pattern: Tensor<'float32'>;
  /** Sum of the mask: about how many pixels it needs. */
  readonly size: number;
  /** Cross-entropy to the target that it reached, mean over the images. */
  readonly loss: number;
}

/** The logit of every mask pixel at first: a mask of 0.12 all over. */
const FIRST_MASK = -2;
const PROGRESS_EVERY = 10;

/**
 * Looks, for every class at once, for a small patch that makes the model answer that class whatever the image shows: a
 * mask m and a pattern p, the same for all images, that minimise
 *
 *   CE(F((1 - m) x + m p), t) + λ Σ m
 *
 * (Wang et al., "Neural Cleanse", S&P 2019, with a fixed λ and sigmoids for the bounds). A planted patch is a shortcut, so
 * its class needs a far smaller mask than the others. Only clean images are used.
 *
 * @param images pixels [B, C, H, W].
 * @returns one for each class, in the order of the classes.
 * @throws Interrupted when the signal fires.
 */
export async function invertTriggers(
  engine: Engine,
  classifier: Classifier,
  images: Tensor<'float32'>,
  options: InversionOptions,
): Promise<PseudoTrigger[]> {
  const { steps, random, progress, signal } = options;
  const { graph, carry } = stepGraph(await lossGraph(engine, classifier, images.dims[0], options.sparsity), options.rate);
  const program = await engine.compile(graph, { carry });
  try {
    await program.write(firstState(graph, carry, random));
    let losses: Float32Array = new Float32Array(classifier.classes);
    for (let step = 1; step <= steps; step++) {
      checkInterrupted(signal, 'while looking for small triggers');
      losses = floats((await program.run({ images, step: float32([], [step]) })).losses);
      if (step % PROGRESS_EVERY === 0 || step === steps) progress?.({ phase: 'look for triggers', done: step, total: steps, unit: 'step' });
    }
    const state = await program.read(['mask', 'pattern']);
    const [masks, patterns] = [state.mask, state.pattern].map((value) => floats(value));
    return Array.from(losses, (loss, target) => readTrigger(target, masks, patterns, classifier.imageShape, loss));
  } finally {
    await program.release();
  }
}

/** Masks and patterns of all classes, stacked along the batch axis, to the mean cross-entropy of each and the total loss. */
async function lossGraph(engine: Engine, classifier: Classifier, count: number, sparsity: number): Promise<Graph> {
  const { classes, imageShape } = classifier;
  const [channels, height, width] = imageShape;
  const builder = new GraphBuilder('inversion');
  const images = builder.input('images', 'float32', [count, ...imageShape]);
  const mask = builder.sigmoid(builder.input('mask', 'float32', [classes, 1, 1, height, width]));
  const pattern = builder.sigmoid(builder.input('pattern', 'float32', [classes, 1, channels, height, width]));
  const changed = builder.add(images, builder.mul(mask, builder.sub(pattern, images)));
  embed(builder, classifier.graph, builder.reshape(changed, [classes * count, ...imageShape]));
  const targets = builder.constant(classAfterClass(classes, count));
  const perImage = builder.reduceSum(builder.mul(builder.logSoftmax(portsOf(classifier).output, 1), targets), [1]);
  const losses = builder.neg(builder.reduceMean(builder.reshape(perImage, [classes, count]), [1]));
  builder.output(losses, 'losses');
  builder.output(builder.add(builder.reduceSum(losses), builder.mul(builder.reduceSum(mask), builder.scalar(sparsity))), 'total');
  return traceShapes(engine, builder.build());
}

/** Targets [K·count, K]: `count` rows for class 0, then as many for class 1, and so on. */
function classAfterClass(classes: number, count: number): Tensor<'float32'> {
  const data = new Float32Array(classes * count * classes);
  for (let row = 0; row < classes * count; row++) data[row * classes + Math.floor(row / count)] = 1;
  return tensor('float32', [classes * count, classes], data);
}

/** One step of Adam on all masks and patterns; the classes do not meet in the loss, so each has a descent of its own. */
function stepGraph(loss: Graph, rate: number): { graph: Graph; carry: Record<string, string> } {
  const builder = new GraphBuilder('inversion:step', loss);
  const step = builder.input('step', 'float32', []);
  const variables = loss.inputs.filter(({ name }) => name !== 'images');
  const names = variables.map(({ name }) => name);
  const gradients = pullBack(builder, loss, [['total', builder.scalar(1)]], names);
  const optimizer = adam();
  const carry: Record<string, string> = {};
  variables.forEach(({ name, dims }, i) => {
    const state = optimizer.slots.map((slot) => builder.input(`${slot}:${name}`, 'float32', dims));
    const next = optimizer.update({ builder, parameter: name, gradient: gradients[i], state, learningRate: builder.scalar(rate), step });
    [next.parameter, ...next.state].forEach((value, slot) => {
      const input = slot === 0 ? name : state[slot - 1];
      carry[input] = builder.output(builder.identity(value), `next:${input}`);
    });
  });
  builder.output('losses');
  return { graph: builder.build(), carry };
}

function firstState(graph: Graph, carry: Readonly<Record<string, string>>, random: Random): Tensors {
  const state: Tensors = {};
  for (const { name, dims } of graph.inputs) if (name in carry) state[name] = zeros('float32', dims as number[]);
  state.mask = full(state.mask.dims, FIRST_MASK);
  state.pattern = float32(
    state.pattern.dims,
    Array.from({ length: sizeOf(state.pattern.dims) }, () => random.normal()),
  );
  return state;
}

function readTrigger(
  target: number,
  masks: Float32Array,
  patterns: Float32Array,
  [channels, height, width]: readonly [number, number, number],
  loss: number,
): PseudoTrigger {
  const part = (values: Float32Array, size: number) =>
    values.slice(target * size, (target + 1) * size).map((value) => 1 / (1 + Math.exp(-value)));
  const mask = part(masks, height * width);
  return {
    target,
    mask: tensor('float32', [1, height, width], mask),
    pattern: tensor('float32', [channels, height, width], part(patterns, channels * height * width)),
    size: mask.reduce((sum, value) => sum + value, 0),
    loss,
  };
}
