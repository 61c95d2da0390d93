import type { Random } from '../../core/random.js';
import { cloneTensor, float32, floats, sizeOf, type Tensor, tensor, zeros } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { type Engine, runOnce, type Tensors } from '../../runtime/engine.js';
import type { ImageShape, TriggerFamily } from './family.js';

/** The cheapest change of a family that was found to send images of any class to one class. */
export interface PseudoTrigger {
  readonly family: TriggerFamily;
  readonly target: number;
  /** The family's parameters, as the search left them. */
  readonly parameters: Readonly<Record<string, Tensor<'float32'>>>;
  /** In the family's unit. */
  readonly cost: number;
  /** Cross-entropy to the target, mean over the images. */
  readonly loss: number;
  /** Share of the images that are taken for the target, 0..1. */
  readonly success: number;
  /** What was minimised: loss + weight · cost. */
  readonly objective: number;
}

/** First parameters, and zeros for the optimiser. A class's draws do not depend on how classes are grouped. */
export function firstState(
  graph: Graph,
  carry: Readonly<Record<string, string>>,
  family: TriggerFamily,
  shape: ImageShape,
  targets: readonly number[],
  random: Random,
): Tensors {
  const state: Tensors = {};
  for (const { name, dims } of graph.inputs) if (name in carry) state[name] = zeros('float32', dims as number[]);
  for (const [name, { dims, mean, deviation }] of Object.entries(family.parameters(shape))) {
    const values = targets.flatMap((target) => {
      const draws = random.fork(family.name, name, target);
      return Array.from({ length: sizeOf(dims) }, () => (deviation === 0 ? mean : mean + deviation * draws.normal()));
    });
    state[name] = float32([targets.length, ...dims], values);
  }
  return state;
}

/** Takes the stacked triggers apart. */
export function readTriggers(
  family: TriggerFamily,
  targets: readonly number[],
  stacked: Tensors,
  { losses, successes, costs }: Record<string, Float32Array>,
  weight: number,
): PseudoTrigger[] {
  return targets.map((target, i) => {
    const parameters = Object.fromEntries(
      Object.entries(stacked).map(
        ([
          name,
          {
            dims: [, ...dims],
            ...value
          },
        ]) => {
          const size = sizeOf(dims);
          return [name, tensor('float32', dims, floats({ dims, ...value } as Tensor).slice(i * size, (i + 1) * size))];
        },
      ),
    );
    const [loss, success, cost] = [losses[i], successes[i], costs[i]];
    return { family, target, parameters, cost, loss, success, objective: loss + weight * cost };
  });
}

/**
 * Images with a pseudo-trigger on them.
 * @param images pixels [B, C, H, W].
 */
export async function withPseudoTrigger(
  engine: Engine,
  images: Tensor<'float32'>,
  { family, parameters }: Pick<PseudoTrigger, 'family' | 'parameters'>,
): Promise<Tensor<'float32'>> {
  const [, ...shape] = images.dims;
  const builder = new GraphBuilder(`apply:${family.name}`);
  const stacked = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, builder.parameter(name, { ...cloneTensor(value), dims: [1, ...value.dims] })]),
  );
  const input = builder.unsqueeze(builder.input('images', 'float32', images.dims), [0]);
  const { changed } = family.apply(builder, input, stacked, shape as unknown as ImageShape);
  builder.output(builder.squeeze(changed, [0]), 'changed');
  return (await runOnce(engine, builder.build(), { images })).changed as Tensor<'float32'>;
}
