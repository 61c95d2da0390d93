import { stackedPullBack } from '../../autodiff/stacked.js';
import { floats, type Tensor, tensor, zeros } from '../../core/tensor.js';
import { type Classifier, portsOf } from '../../nn/classifier.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import type { Graph, TensorType } from '../../onnx/graph.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import type { Engine, Program } from '../../runtime/engine.js';
import { storedOrder } from '../../runtime/winograd/layout.js';
import { BEFORE, type Budget, DIFFERENCE, firstStepGraph, forwardGraph, type Order, ownStepGraph, type Stack } from './disturb-graphs.js';

export type { Budget, Stack } from './disturb-graphs.js';

interface Programs {
  /** From images to the layer's features, less others, and what the gradient needs besides. */
  readonly forward: Program;
  /** Its outputs, which the first step holds. */
  readonly shared: readonly string[];
  /** Zeros in place of the features that are taken off. */
  readonly nothing: Tensor<'float32'>;
  /** The step from the point that all maps share; absent where the gradient does not come apart. */
  readonly first?: Program;
  /** A step from each map's own point. */
  readonly own?: Program;
}

/**
 * Makes, for feature maps of one layer, the inputs that disturb them most: with f the map and x the clean images, x' is
 * moved along the sign of the gradient of the mean of (f(x') - f(x))² and kept within eps of x and within [0, 1].
 *
 * The first step begins at the same x' for every map. What depends on x and x' alone is the forward computation, and is done once
 * ({@link prepare}); what is left for a map is the pull-back of its own difference f(x') - f(x), linear in it and the same for
 * all maps of the layer up to the channel that it starts from, so maps go through together, stacked along the batch axis. Further
 * steps begin at each map's own x', which has to go through the network. The gradient's factor 2/n does not matter to its
 * sign and is left out.
 */
export class LayerDisturbance {
  readonly #programs: Programs;
  readonly #layer: ConvLayer;
  readonly #stack: Stack;
  readonly #steps: number;
  /** Name of the network's input. */
  readonly #input: string;
  /** First perturbation, the same for every map: [1, B, C, H, W]. */
  #start: Tensor<'float32'> | undefined;

  private constructor(programs: Programs, layer: ConvLayer, stack: Stack, steps: number, input: string) {
    this.#programs = programs;
    this.#layer = layer;
    this.#stack = stack;
    this.#steps = steps;
    this.#input = input;
  }

  /** @param trace the classifier's graph, traced for a number of images. */
  static async compile(
    engine: Engine,
    classifier: Classifier,
    layer: ConvLayer,
    stack: Stack,
    budget: Budget,
    trace: (images: number) => Graph,
  ): Promise<LayerDisturbance> {
    const [single, stacked] = [stack.images, stack.group * stack.images].map((images) => ancestorsOf(trace(images), [layer.output]));
    const map = ((single.types.get(layer.output) as TensorType).dims as number[]).slice(1);
    const shapes = { image: classifier.imageShape, map };
    const order: Order = engine.device === 'cpu' ? storedOrder : () => undefined;
    const split = stackedPullBack(single, stacked, layer.output);
    const features = [stack.images, ...map];
    const residuals = [...(split?.residuals ?? [])];
    const forwards = forwardGraph(split?.forward ?? single, new Map([[layer.output, features], ...residuals]), order);
    const forward = await engine.compile(forwards, { fast: true, held: [BEFORE] });
    const shared = forwards.outputs.map(({ name }) => name);
    const held = ['clean', 'perturbation', ...shared];
    const first = split && (await engine.compile(firstStepGraph(split, layer, shapes, stack, budget, order), { fast: true, held }));
    const own =
      first && budget.steps === 1
        ? undefined
        : await engine.compile(ownStepGraph(stacked, layer, shapes, stack, budget, order), {
            fast: true,
            held: ['clean', BEFORE],
          });
    const nothing = zeros('float32', order(features)?.map((axis) => features[axis]) ?? features);
    return new LayerDisturbance({ forward, shared, nothing, first, own }, layer, stack, budget.steps, portsOf(classifier).input);
  }

  /**
   * Settles the images.
   * @param clean pixels [B, C, H, W].
   * @param start first perturbation, the same for every map, of that shape; clean + start lies in [0, 1].
   */
  async prepare(clean: Tensor<'float32'>, start: Tensor<'float32'>): Promise<void> {
    const { forward, shared, nothing, first, own } = this.#programs;
    await forward.write({ [BEFORE]: nothing });
    const holders = [...(first ? [forward] : []), ...(own ? [own] : [])];
    await forward.runInto({ [this.#input]: clean }, ...holders.map((program) => ({ program, inputs: { [BEFORE]: DIFFERENCE } })));
    if (first) {
      const moved = { ...clean, data: clean.data.map((pixel, i) => pixel + start.data[i]) };
      const inputs = Object.fromEntries(shared.map((name) => [name, name]));
      await forward.runInto({ [this.#input]: moved }, { program: first, inputs });
      await first.write({ clean: batchOf(clean), perturbation: batchOf(start) });
    }
    await own?.write({ clean: batchOf(clean) });
    this.#start = batchOf(start);
  }

  /**
   * @param channels of the maps, as many as the group at most.
   * @returns perturbations of the images, [channels.length, B, C, H, W].
   */
  async run(channels: readonly number[]): Promise<Tensor<'float32'>> {
    const { first, own } = this.#programs;
    const { group } = this.#stack;
    if (!this.#start) throw new Error('prepare has to be called before run');
    const chosen = new Float32Array(group * this.#layer.channels);
    channels.forEach((channel, map) => {
      chosen[map * this.#layer.channels + channel] = 1;
    });
    const oneHot = tensor('float32', [group, 1, this.#layer.channels, 1, 1], chosen);
    let perturbation = first ? (await first.run({ channels: oneHot })).next : repeated(this.#start, group);
    for (let step = first ? 1 : 0; step < this.#steps; step++) {
      perturbation = (await (own as Program).run({ channels: oneHot, perturbation })).next;
    }
    const [, ...dims] = this.#start.dims;
    return tensor('float32', [channels.length, ...dims], floats(perturbation).subarray(0, channels.length * this.#start.data.length));
  }

  async release(): Promise<void> {
    const { forward, first, own } = this.#programs;
    for (const program of [forward, first, own]) await program?.release();
  }
}

/** The same tensor with a leading axis of 1, along which maps are stacked. */
function batchOf<T extends Tensor>(value: T): T {
  return { ...value, dims: [1, ...value.dims] };
}

function repeated({ dims, data }: Tensor<'float32'>, times: number): Tensor<'float32'> {
  const copies = new Float32Array(times * data.length);
  for (let i = 0; i < times; i++) copies.set(data, i * data.length);
  return tensor('float32', [times, ...dims.slice(1)], copies);
}
