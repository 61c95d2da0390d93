import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from './random.js';

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);
const integers = (random: Random, count = 5) => draw(count, () => random.uint32());

describe('random numbers', () => {
  test('are the same for the same seed, on every machine and in every version', () => {
    assert.deepEqual(integers(new Random(0)), [3809008728, 1133695204, 53579671, 2891528803, 139681546]);
    assert.deepEqual(integers(new Random(12345)), [518667457, 440444462, 4232898752, 3746066902, 2319552957]);
    assert.deepEqual(integers(new Random(0).fork('poison', 3)), [3639426383, 1073666142, 4135493038, 2127199625, 1937544259]);
    assert.deepEqual([...new Random(7).permutation(10)], [6, 3, 2, 5, 7, 4, 9, 1, 8, 0]);
    const random = new Random(1);
    assert.deepEqual(
      [random.uniform(), random.between(-2, 2), random.below(1000), random.normal()],
      [0.5686059948349658, 1.5575757470733063, 66, -2.7924051878647456],
    );
  });

  test('differ from seed to seed', () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new Random(seed - 500).uint32()));
    assert.ok(firsts.size >= 999);
  });

  test('take the low 32 bits of the seed', () => {
    assert.deepEqual(integers(new Random(2 ** 32 + 5)), integers(new Random(5)));
    assert.notDeepEqual(integers(new Random(-5)), integers(new Random(5)));
  });
});

describe('a fork', () => {
  test('depends on seed and names only, not on what was drawn', () => {
    const random = new Random(3);
    const early = integers(random.fork('a', 1));
    integers(random, 100);
    assert.deepEqual(integers(random.fork('a', 1)), early);
    assert.deepEqual(integers(new Random(3).fork('a', 1)), early);
    assert.notDeepEqual(integers(new Random(4).fork('a', 1)), early);
  });

  test('leaves its origin alone', () => {
    const random = new Random(3);
    integers(random.fork('a'), 50);
    assert.deepEqual(integers(random), integers(new Random(3)));
  });

  test('is its own stream: no two names agree, nor are they correlated', () => {
    const random = new Random(0);
    const names = Array.from({ length: 2000 }, (_, i) => `conv${i}`);
    assert.equal(new Set(names.map((name) => random.fork(name).uint32())).size, names.length);
    assert.notEqual(random.fork('ab').uint32(), random.fork('ba').uint32());
    const [a, b] = ['train', 'scan'].map((name) => random.fork(name));
    const products = draw(20_000, () => (a.uniform() - 0.5) * (b.uniform() - 0.5) * 12);
    // The correlation of independent streams has a standard deviation of 1 / sqrt(20,000) = 0.007.
    assert.ok(Math.abs(mean(products)) < 0.03);
  });
});

describe('distributions', () => {
  const COUNT = 100_000;

  test('uniform covers [0, 1) evenly', () => {
    const random = new Random(11);
    const values = draw(COUNT, () => random.uniform());
    assert.ok(values.every((value) => value >= 0 && value < 1));
    // Standard deviation of the mean: sqrt(1 / 12 / COUNT) = 0.0009.
    assert.ok(Math.abs(mean(values) - 0.5) < 0.004);
    assertEven(
      values.map((value) => Math.floor(value * 20)),
      20,
    );
  });

  test('between stays inside', () => {
    const random = new Random(12);
    const values = draw(10_000, () => random.between(-3, 5));
    assert.ok(values.every((value) => value >= -3 && value < 5));
    assert.ok(Math.abs(mean(values) - 1) < 0.1);
  });

  test('below is even, for bounds that do not divide 2^32 too', () => {
    const random = new Random(13);
    for (const bound of [1, 2, 7, 10])
      assertEven(
        draw(COUNT, () => random.below(bound)),
        bound,
      );
    // With a modulo, the lower half of this range would come up twice as often as the upper.
    const bound = 3 * 2 ** 30;
    const low = draw(COUNT, () => random.below(bound)).filter((value) => value < 2 ** 30).length;
    assert.ok(Math.abs(low / COUNT - 1 / 3) < 0.01, `${low / COUNT}`);
  });

  test('normal has mean 0, variance 1, and the right tails', () => {
    const random = new Random(14);
    const values = draw(COUNT, () => random.normal());
    assert.ok(Math.abs(mean(values)) < 0.015);
    assert.ok(Math.abs(mean(values.map((value) => value * value)) - 1) < 0.025);
    const within = (limit: number) => values.filter((value) => Math.abs(value) < limit).length / COUNT;
    assert.ok(Math.abs(within(1) - 0.6827) < 0.008);
    assert.ok(Math.abs(within(2) - 0.9545) < 0.004);
  });

  test('a permutation holds every number once, anywhere', () => {
    const random = new Random(15);
    assert.deepEqual([...random.permutation(0)], []);
    assert.deepEqual([...random.permutation(1)], [0]);
    assert.deepEqual(
      [...random.permutation(1000)].sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const orders = draw(60_000, () => random.permutation(3).join(''));
    const kinds = [...new Set(orders)].sort();
    assert.deepEqual(kinds, ['012', '021', '102', '120', '201', '210']);
    assertEven(
      orders.map((order) => kinds.indexOf(order)),
      6,
    );
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Pearson's chi-squared test, at about five standard deviations of the statistic. */
function assertEven(values: readonly number[], kinds: number): void {
  const counts = new Array<number>(kinds).fill(0);
  for (const value of values) counts[value]++;
  const expected = values.length / kinds;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(statistic < kinds - 1 + 5 * Math.sqrt(2 * kinds), `chi-squared ${statistic} for ${kinds} kinds`);
}
