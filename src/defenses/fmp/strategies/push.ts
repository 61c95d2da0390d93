import { pullBack } from '../../../autodiff/gradient.js';
import { floats, type Tensor, tensor, zeros } from '../../../core/tensor.js';
import { type Classifier, portsOf } from '../../../nn/classifier.js';
import { embed } from '../../../nn/embed.js';
import type { ConvLayer } from '../../../nn/feature-maps.js';
import { GraphBuilder } from '../../../onnx/builder.js';
import type { Graph } from '../../../onnx/graph.js';
import { ancestorsOf } from '../../../onnx/rewrite.js';
import { type Engine, type Program, runOnce } from '../../../runtime/engine.js';
import { traceShapes } from '../../../runtime/trace.js';

/** How far images may be changed; in pixels of [0, 1]. */
export interface PushBudget {
  /** Largest change of a pixel. */
  readonly eps: number;
  /** Gradient steps, each of 1.5 eps / steps. */
  readonly steps: number;
}

/** A little more than what would just reach the bound, so that a step that went astray can be made good. */
const OVERSHOOT = 1.5;

/**
 * Makes, for feature maps of one layer, the one change, shared by all images, that raises the map most: d with |d| <= eps that
 * maximises the mean over images of the map's largest value, by steps along the sign of the gradient. All maps of a group are
 * stacked along the batch axis; they start from the same clean images.
 */
export class LayerPush {
  readonly #program: Program;
  readonly #layer: ConvLayer;
  readonly #group: number;
  readonly #budget: PushBudget;
  readonly #shape: readonly number[];
  readonly #images: Tensor;

  private constructor(program: Program, layer: ConvLayer, images: Tensor, group: number, budget: PushBudget) {
    this.#program = program;
    this.#layer = layer;
    this.#group = group;
    this.#budget = budget;
    this.#shape = images.dims.slice(1);
    this.#images = { ...images, dims: [1, ...images.dims] };
  }

  /**
   * @param images pixels [B, C, H, W].
   * @param group maps that go through in one run.
   */
  static async compile(
    engine: Engine,
    classifier: Classifier,
    layer: ConvLayer,
    images: Tensor<'float32'>,
    group: number,
    budget: PushBudget,
  ): Promise<LayerPush> {
    const below = ancestorsOf(classifier.graph, [layer.output]);
    const features = (await runOnce(engine, below, { [portsOf(classifier).input]: images }))[layer.output];
    const traced = await traceShapes(engine, below, { N: group * images.dims[0] });
    const program = await engine.compile(stepGraph(traced, layer, images.dims, features.dims, group, budget));
    return new LayerPush(program, layer, images, group, budget);
  }

  /**
   * @param channels of the maps, as many as the group at most.
   * @returns changes of the pixels, [group, 1, C, H, W]; those beyond the channels are zero.
   */
  async run(channels: readonly number[]): Promise<Tensor<'float32'>> {
    const chosen = new Float32Array(this.#group * this.#layer.channels);
    channels.forEach((channel, map) => {
      chosen[map * this.#layer.channels + channel] = 1;
    });
    const mask = tensor('float32', [this.#group, 1, this.#layer.channels, 1, 1], chosen);
    let change: Tensor = zeros('float32', [this.#group, 1, ...this.#shape]);
    for (let step = 0; step < this.#budget.steps; step++) {
      change = (await this.#program.run({ images: this.#images, channels: mask, change })).next;
    }
    return tensor('float32', change.dims, floats(change));
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}

function stepGraph(
  below: Graph,
  layer: ConvLayer,
  [count, ...imageShape]: readonly number[],
  [, ...mapShape]: readonly number[],
  group: number,
  { eps, steps }: PushBudget,
): Graph {
  const builder = new GraphBuilder(`push:${layer.name}`);
  builder.avoid(below);
  const images = builder.input('images', 'float32', [1, count, ...imageShape]);
  const channels = builder.input('channels', 'float32', [group, 1, layer.channels, 1, 1]);
  const change = builder.input('change', 'float32', [group, 1, ...imageShape]);
  embed(builder, below, builder.reshape(builder.clip(builder.add(images, change), 0, 1), [group * count, ...imageShape]));
  // The slope of a maximum over positions: one at the largest value, zero elsewhere.
  const peak = builder.cast(builder.equal(layer.output, builder.reduceMax(layer.output, [2, 3], true)), 'float32');
  const seed = builder.mul(builder.reshape(peak, [group, count, ...mapShape]), channels);
  const [slope] = pullBack(builder, below, [[layer.output, builder.reshape(seed, [group * count, ...mapShape])]], [below.inputs[0].name]);
  const direction = builder.sign(builder.reduceSum(builder.reshape(slope, [group, count, ...imageShape]), [1], true));
  const moved = builder.add(change, builder.mul(direction, builder.scalar((OVERSHOOT * eps) / steps)));
  builder.output(builder.clip(moved, -eps, eps), 'next');
  return builder.build();
}
