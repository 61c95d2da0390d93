import { pullBack } from '../../autodiff/gradient.js';
import { floats, type Tensor, tensor } from '../../core/tensor.js';
import { type Classifier, portsOf } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { type Engine, type Program, runOnce } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';

/** How far inputs may be disturbed; all in pixels of [0, 1]. */
export interface Budget {
  /** Largest change of a pixel. */
  readonly eps: number;
  /** Change of a pixel in one step. */
  readonly stepSize: number;
  readonly steps: number;
}

/**
 * Makes, for feature maps of one layer, the inputs that disturb them most: with f the map and x the clean images, x' is
 * moved along the sign of the gradient of the mean of (f(x') - f(x))² and kept within eps of x and within [0, 1].
 *
 * Several maps go through at once, stacked along the batch axis: all maps of a layer share the operator that the gradient
 * is pulled back through, and differ only in the channel that it starts from. The gradient's factor 2/n does not matter
 * to its sign and is left out.
 */
export class LayerDisturbance {
  readonly #program: Program;
  readonly #layer: ConvLayer;
  readonly #clean: Tensor;
  readonly #features: Tensor;
  readonly #group: number;
  readonly #steps: number;

  private constructor(program: Program, layer: ConvLayer, clean: Tensor, features: Tensor, group: number, steps: number) {
    this.#program = program;
    this.#layer = layer;
    this.#clean = clean;
    this.#features = features;
    this.#group = group;
    this.#steps = steps;
  }

  /**
   * @param clean pixels [B, C, H, W].
   * @param group maps that go through in one run.
   */
  static async compile(
    engine: Engine,
    classifier: Classifier,
    layer: ConvLayer,
    clean: Tensor<'float32'>,
    group: number,
    budget: Budget,
  ): Promise<LayerDisturbance> {
    const below = ancestorsOf(classifier.graph, [layer.output]);
    const features = (await runOnce(engine, below, { [portsOf(classifier).input]: clean }))[layer.output];
    const traced = await traceShapes(engine, below, { N: group * clean.dims[0] });
    const program = await engine.compile(stepGraph(traced, layer, clean.dims, features.dims, group, budget));
    return new LayerDisturbance(program, layer, batchOf(clean), batchOf(features), group, budget.steps);
  }

  /**
   * @param channels of the maps, as many as the group at most.
   * @param start first perturbation, the same for every map: [1, B, C, H, W].
   * @returns perturbations [channels.length, B, C, H, W].
   */
  async run(channels: readonly number[], start: Tensor<'float32'>): Promise<Tensor<'float32'>> {
    const [, ...dims] = start.dims;
    const size = start.data.length;
    const chosen = new Float32Array(this.#group * this.#layer.channels);
    const repeated = new Float32Array(this.#group * size);
    for (let map = 0; map < this.#group; map++) {
      repeated.set(start.data, map * size);
      if (map < channels.length) chosen[map * this.#layer.channels + channels[map]] = 1;
    }
    const constant = {
      clean: this.#clean,
      features: this.#features,
      channels: tensor('float32', [this.#group, 1, this.#layer.channels, 1, 1], chosen),
    };
    let perturbation: Tensor = tensor('float32', [this.#group, ...dims], repeated);
    for (let step = 0; step < this.#steps; step++) ({ perturbation } = await this.#step({ ...constant, perturbation }));
    return tensor('float32', [channels.length, ...dims], floats(perturbation).subarray(0, channels.length * size));
  }

  release(): Promise<void> {
    return this.#program.release();
  }

  async #step(feeds: Record<string, Tensor>): Promise<{ perturbation: Tensor }> {
    return { perturbation: (await this.#program.run(feeds)).next };
  }
}

/** One step for a group of maps. */
function stepGraph(
  below: Graph,
  layer: ConvLayer,
  [images, ...imageShape]: readonly number[],
  [, ...mapShape]: readonly number[],
  group: number,
  { eps, stepSize }: Budget,
): Graph {
  const builder = new GraphBuilder(`disturb:${layer.name}`);
  const clean = builder.input('clean', 'float32', [1, images, ...imageShape]);
  const features = builder.input('features', 'float32', [1, images, ...mapShape]);
  const channels = builder.input('channels', 'float32', [group, 1, layer.channels, 1, 1]);
  const perturbation = builder.input('perturbation', 'float32', [group, images, ...imageShape]);
  const disturbed = builder.clip(builder.add(clean, perturbation), 0, 1);
  embed(builder, below, builder.reshape(disturbed, [group * images, ...imageShape]));
  const difference = builder.sub(builder.reshape(layer.output, [group, images, ...mapShape]), features);
  const cotangent = builder.reshape(builder.mul(difference, channels), [group * images, ...mapShape]);
  const [gradient] = pullBack(builder, below, [[layer.output, cotangent]], [below.inputs[0].name]);
  const direction = builder.sign(builder.reshape(gradient, [group, images, ...imageShape]));
  const moved = builder.add(perturbation, builder.mul(direction, builder.scalar(stepSize)));
  builder.output(builder.clip(moved, -eps, eps), 'next');
  return builder.build();
}

/** The same tensor with a leading axis of 1, along which maps are stacked. */
function batchOf(value: Tensor): Tensor {
  return { ...value, dims: [1, ...value.dims] };
}
