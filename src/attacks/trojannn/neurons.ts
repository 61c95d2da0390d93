import { checkInterrupted, UserError } from '../../core/errors.js';
import { float32, floats, sizeOf } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { type Head, headOf } from '../../nn/head.js';
import type { AttackContext } from '../attack.js';
import { compileInputGradient } from '../input-gradient.js';
import type { ImageShape } from '../stored.js';

/** Which neurons the trigger excites, and how. */
export interface NeuronSearch {
  /** How many of the inputs of the last linear layer. */
  readonly neurons: number;
  /** Activation that they are driven to. */
  readonly value: number;
  readonly steps: number;
}

/** How far a pixel moves in a step, and how far from its start at most, in [0, 1]. */
const STEP = 0.1;
const REACH = 0.3;
/** Squared error at which the neurons are excited enough. */
const ENOUGH = 1e-3;

/**
 * Finds the colours of a shape that drive chosen neurons to a value: steps along the sign of the gradient of Σ (h_j - value)²,
 * from white, every pixel within 0.3 of that and in [0, 1]; outside the shape the image is black. Of all steps the last counts, as
 * published.
 * @returns 8-bit values [C, H, W], zero outside the shape.
 * @throws UserError when the model has no last linear layer, or fewer neurons before it.
 */
export async function exciteNeurons(
  model: Classifier,
  { neurons, value, steps }: NeuronSearch,
  { engine, signal, progress }: AttackContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const { imageShape } = model;
  const head = headOf(model.graph);
  if (!head)
    throw new UserError(`model '${model.name}' does not end in a linear layer, whose inputs TrojanNN excites; give another clean model`);
  const chosen = new Float32Array(head.units);
  for (const unit of strongestUnits(model, head, neurons)) chosen[unit] = 1;
  const start = drawShape(imageShape);
  const program = await compileInputGradient(engine, model, 1, (builder) => {
    const error = builder.sub(head.features, builder.scalar(value));
    return builder.reduceSum(builder.mul(builder.mul(error, error), builder.constant(float32([1, head.units], chosen))));
  });
  try {
    let colours = start.slice();
    for (let step = 0; step < steps; step++) {
      checkInterrupted(signal, 'while looking for the trigger; run it again to start over');
      const { loss, gradient } = await program.run(colours);
      if ((step + 1) % 50 === 0 || step + 1 === steps)
        progress?.({ phase: 'trigger', done: step + 1, total: steps, unit: 'step', figures: { loss } });
      if (loss < ENOUGH) break;
      colours = colours.map((colour, i) => {
        if (start[i] === 0) return 0;
        const moved = colour - STEP * Math.sign(gradient[i]);
        return Math.min(1, Math.max(0, start[i] - REACH, Math.min(start[i] + REACH, moved)));
      });
    }
    return Uint8Array.from(colours, (colour) => Math.floor(255 * colour));
  } finally {
    await program.release();
  }
}

/**
 * The inputs of the last linear layer that count most: those with the largest Σ_k |W_kj|, in falling order.
 * @throws UserError when there are fewer.
 */
export function strongestUnits({ name, graph }: Classifier, { weight, transposed, units }: Head, count: number): number[] {
  if (count > units)
    throw new UserError(`num_neuron is ${count}, but the last layer of model '${name}' has ${units} inputs; choose at most ${units}`);
  const values = floats(graph.initializers.get(weight), weight);
  const classes = values.length / units;
  const score = (unit: number) => {
    let sum = 0;
    for (let label = 0; label < classes; label++) sum += Math.abs(values[transposed ? label * units + unit : unit * classes + label]);
    return sum;
  };
  const scores = Array.from({ length: units }, (_, unit) => score(unit));
  return scores
    .map((_, unit) => unit)
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, count);
}

/** Centre and radii of the shape, as shares of the image's sides: at 32 x 32 about the box that the published apple fills. */
const CENTRE = { y: 0.72, x: 0.72 };
const RADIUS = { y: 0.22, x: 0.19 };

/** A white ellipse in the bottom right corner, on black: 1 inside and 0 outside, [C, H, W]. */
export function drawShape(imageShape: ImageShape): Float32Array {
  const [, height, width] = imageShape;
  return Float32Array.from({ length: sizeOf(imageShape) }, (_, i) => {
    const down = ((Math.floor(i / width) % height) + 0.5) / height - CENTRE.y;
    const right = ((i % width) + 0.5) / width - CENTRE.x;
    return (down / RADIUS.y) ** 2 + (right / RADIUS.x) ** 2 <= 1 ? 1 : 0;
  });
}
