import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { type Engine, runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { cubicInterpolation } from './cubic.js';
import { additive } from './families/additive.js';
import { blend } from './families/blend.js';
import { tone } from './families/tone.js';
import { warp } from './families/warp.js';
import type { TriggerFamily } from './family.js';

const shape = [1, 3, 4] as const;
const images = float32(
  [2, ...shape],
  Array.from({ length: 24 }, (_, i) => ((i * 7) % 24) / 24),
);

describe('families of pseudo-triggers', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  /** Images changed by one trigger, and its cost. */
  async function apply(family: TriggerFamily, parameters: Record<string, Tensor<'float32'>>, given = images) {
    const builder = new GraphBuilder('family');
    const pixels = builder.unsqueeze(builder.input('images', 'float32', given.dims), [0]);
    const stacked = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, builder.parameter(name, value)]));
    const { changed, cost } = family.apply(builder, pixels, stacked, shape);
    builder.output(changed, 'changed');
    builder.output(cost, 'cost');
    const outputs = await runOnce(engine, builder.build(), { images: given });
    assert.deepEqual(outputs.changed.dims, [1, ...given.dims]);
    return { changed: floats(outputs.changed), cost: floats(outputs.cost)[0] };
  }

  const near = (found: ArrayLike<number>, expected: (i: number) => number) => {
    for (let i = 0; i < found.length; i++)
      assert.ok(Math.abs(found[i] - expected(i)) < 1e-5, `${i}: ${found[i]} instead of ${expected(i)}`);
  };

  it('adds a bounded pattern and stays in [0, 1]', async () => {
    const raw = Array.from({ length: 12 }, (_, i) => i - 6);
    const { changed, cost } = await apply(additive, { pattern: float32([1, ...shape], raw) });
    const pattern = raw.map((value) => 0.3 * Math.tanh(value));
    near(changed, (i) => Math.min(1, Math.max(0, images.data[i] + pattern[i % 12])));
    near([cost], () => Math.sqrt(pattern.reduce((sum, value) => sum + value * value, 0) / 12));
  });

  it('blends a picture in', async () => {
    const raw = Array.from({ length: 12 }, (_, i) => i - 6);
    const { changed, cost } = await apply(blend, { share: float32([1, 1, 1, 1], [0]), picture: float32([1, ...shape], raw) });
    near([cost], () => 0.25);
    near(changed, (i) => 0.75 * images.data[i] + 0.25 / (1 + Math.exp(-raw[i % 12])));
  });

  it('changes tones: by the same at every place of the same value, in between its points in a straight line', async () => {
    // The point of 1/2 moves down by 0.2 and takes what is nearer to it than 1/32 along; that of 0 moves up.
    const moved = new Map([
      [16, -0.2],
      [0, 0.1],
    ]);
    const curve = Array.from({ length: 33 }, (_, k) => Math.atanh((moved.get(k) ?? 0) / 0.3));
    const values = [0, 0.5, 0.5 + 1 / 128, 0.5 - 1 / 64, 0.75, 1 / 64, 1, 1 / 32, 0.25, 0.5, 0.1, 0.9];
    const { changed, cost } = await apply(tone, { curve: float32([1, 1, 33], curve) }, float32([1, ...shape], values));
    const expected = [0.1, 0.3, 0.5 + 1 / 128 - 0.15, 0.5 - 1 / 64 - 0.1, 0.75, 1 / 64 + 0.05, 1, 1 / 32, 0.25, 0.3, 0.1, 0.9];
    near(changed, (i) => expected[i]);
    near([cost], () => Math.sqrt((0.2 ** 2 + 0.1 ** 2) / 33));
  });

  it('warps: the same field everywhere is a shift with bilinear interpolation, and the border is repeated', async () => {
    const [down, right] = [1, -0.5];
    const field = [down, right].flatMap((value) => new Array<number>(25).fill(Math.atanh(value / 2)));
    const { changed, cost } = await apply(warp, { field: float32([1, 2, 5, 5], field) });
    const at = (image: number, y: number, x: number) => images.data[image * 12 + Math.min(2, y) * 4 + Math.max(0, x)];
    near(changed, (i) => {
      const [image, y, x] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      return (at(image, y + down, x - 1) + at(image, y + down, x)) / 2;
    });
    near([cost], () => Math.sqrt(down ** 2 + right ** 2));
  });

  it('interpolates: ends stay ends, weights sum to 1, and a straight line in the middle stays one', () => {
    const [points, size] = [5, 17];
    const weights = cubicInterpolation(points, size);
    const row = (i: number) => Array.from(weights.subarray(i * points, (i + 1) * points));
    near(row(0), (i) => (i === 0 ? 1 : 0));
    near(row(16), (i) => (i === 4 ? 1 : 0));
    for (let i = 0; i < size; i++) near([row(i).reduce((sum, value) => sum + value, 0)], () => 1);
    near([row(8).reduce((sum, value, point) => sum + value * point, 0)], () => 2);
  });
});
