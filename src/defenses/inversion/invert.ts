import { pullBack } from '../../autodiff/gradient.js';
import { checkInterrupted } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import { float32, floats, sizeOf, type Tensor, tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import type { Engine, Program, Tensors } from '../../runtime/engine.js';
import { adam } from '../../train/optimizers/adam.js';
import type { TriggerFamily } from './family.js';
import { objectiveGraph } from './objective.js';
import { firstState, type PseudoTrigger, readTriggers } from './pseudo-trigger.js';

export interface InversionOptions extends Control {
  /** Optimiser steps. */
  readonly steps: number;
  /** Rows (images times classes) that go through the network at once; bounds time and memory of a step. */
  readonly rows: number;
  /** Draws first parameters, and the images of each step. */
  readonly random: Random;
  /** Adam's learning rate; default the family's. */
  readonly rate?: number;
  /** Weight of the cost; default the family's. */
  readonly weight?: number;
}

const PROGRESS_EVERY = 10;
/** Images per class that a step has at least, so that what it finds is universal. */
const FEWEST_IMAGES = 8;

/**
 * Looks, for every class at once, for the cheapest change of one family that makes the model answer that class whatever the
 * image shows. With A the change, the same for all images, it minimises over the family's parameters, for each class t,
 *
 *   mean over images of CE(F(A(x)), t) + weight · cost(A)
 *
 * by Adam, on other images in each step; the classes do not meet. A planted trigger is a shortcut, so its class is reached at
 * a far lower cost than the others (after Wang et al., "Neural Cleanse", S&P 2019, with a fixed weight). Only clean images are
 * used.
 *
 * @param images pixels [P, C, H, W]; all of them are used for the final judgement.
 * @returns one for each class, in the order of the classes.
 * @throws Interrupted when the signal fires.
 */
export async function invertTriggers(
  engine: Engine,
  classifier: Classifier,
  family: TriggerFamily,
  images: Tensor<'float32'>,
  options: InversionOptions,
): Promise<PseudoTrigger[]> {
  const { classes } = classifier;
  const perClass = Math.min(images.dims[0], Math.max(FEWEST_IMAGES, Math.floor(options.rows / classes)));
  const most = Math.max(1, Math.min(classes, Math.floor(options.rows / perClass)));
  // As many classes in every group, so that the last one does not go through half empty.
  const group = Math.ceil(classes / Math.ceil(classes / most));
  const objective = await objectiveGraph(engine, classifier, family, group, perClass, options.weight ?? family.weight);
  const { graph, carry } = stepGraph(objective, options.rate ?? family.rate);
  const program = await engine.compile(graph, { carry });
  const judge = await engine.compile(objective);
  try {
    const found: PseudoTrigger[] = [];
    for (let first = 0; first < classes; first += group) {
      const targets = Array.from({ length: group }, (_, i) => Math.min(first + i, classes - 1));
      const given = { targets: oneHot(targets, classes) };
      await program.write(firstState(graph, carry, family, classifier.imageShape, targets, options.random));
      await descend(program, family, images, perClass, given, options, { first, group, classes });
      const parameters = await program.read(Object.keys(family.parameters(classifier.imageShape)));
      const judged = await judgeOn(judge, images, perClass, { ...given, ...parameters });
      const fresh = Math.min(group, classes - first);
      found.push(...readTriggers(family, targets.slice(0, fresh), parameters, judged, options.weight ?? family.weight));
    }
    return found;
  } finally {
    await program.release();
    await judge.release();
  }
}

async function descend(
  program: Program,
  { name, summary }: TriggerFamily,
  images: Tensor<'float32'>,
  count: number,
  given: Tensors,
  { steps, random, progress, signal }: InversionOptions,
  { first, group, classes }: { first: number; group: number; classes: number },
): Promise<void> {
  const rounds = Math.ceil(classes / group);
  const order = random.fork('order', name);
  let queue: number[] = [];
  for (let step = 1; step <= steps; step++) {
    checkInterrupted(signal, `while looking for ${summary}`);
    if (queue.length < count) queue = Array.from(order.permutation(images.dims[0]));
    const batch = pick(images, queue.splice(0, count));
    await program.run({ ...given, images: batch, step: float32([], [step]) });
    const done = (first / group) * steps + step;
    if (step % PROGRESS_EVERY === 0 || step === steps) {
      progress?.({ phase: `look for ${name} triggers`, done, total: rounds * steps, unit: 'step' });
    }
  }
}

/** Means over all images but those that do not fill a last batch. */
async function judgeOn(judge: Program, images: Tensor<'float32'>, count: number, feeds: Tensors): Promise<Record<string, Float32Array>> {
  const batches = Math.floor(images.dims[0] / count);
  const sums: Record<string, Float32Array> = {};
  for (let batch = 0; batch < batches; batch++) {
    const positions = Array.from({ length: count }, (_, i) => batch * count + i);
    const outputs = await judge.run({ ...feeds, images: pick(images, positions) });
    for (const name of ['losses', 'successes', 'costs']) {
      const values = floats(outputs[name]);
      sums[name] ??= new Float32Array(values.length);
      values.forEach((value, i) => {
        sums[name][i] += value / batches;
      });
    }
  }
  return sums;
}

function pick({ data, dims: [, ...shape] }: Tensor<'float32'>, positions: readonly number[]): Tensor<'float32'> {
  const size = sizeOf(shape);
  const chosen = new Float32Array(positions.length * size);
  positions.forEach((position, i) => {
    chosen.set(data.subarray(position * size, (position + 1) * size), i * size);
  });
  return tensor('float32', [positions.length, ...shape], chosen);
}

function oneHot(targets: readonly number[], classes: number): Tensor<'float32'> {
  const data = new Float32Array(targets.length * classes);
  targets.forEach((target, row) => {
    data[row * classes + target] = 1;
  });
  return tensor('float32', [targets.length, 1, classes], data);
}

/** One step of Adam on the parameters of all triggers. */
function stepGraph(objective: Graph, rate: number): { graph: Graph; carry: Record<string, string> } {
  const builder = new GraphBuilder('inversion:step', objective);
  const step = builder.input('step', 'float32', []);
  const variables = objective.inputs.filter(({ name }) => name !== 'images' && name !== 'targets');
  const names = variables.map(({ name }) => name);
  const gradients = pullBack(builder, objective, [['total', builder.scalar(1)]], names);
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
