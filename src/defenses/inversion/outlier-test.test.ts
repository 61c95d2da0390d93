import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { chanceAmongReached, chanceOfLowest } from './outlier-test.js';

test('classes that are alike are called suspicious as seldom as promised', () => {
  const random = new Random(3);
  for (const classes of [5, 10, 43]) {
    const draws = 4000;
    let called = 0;
    for (let draw = 0; draw < draws; draw++) {
      const costs = Array.from({ length: classes }, () => Math.exp(2 + 0.7 * random.normal()));
      if ((chanceOfLowest(costs) as number) < 0.05) called++;
    }
    // At most 5 %, and Bonferroni's bound is nearly tight; three deviations of the count are 1 %.
    assert.ok(called / draws < 0.06 && called / draws > 0.03, `${classes} classes: ${called / draws}`);
  }
});

test('a class that is far cheaper is hardly chance, whatever the unit', () => {
  const costs = [1.7, 1.0, 0.9, 0.1, 1.3, 1.2, 1.2, 1.4, 0.7, 1.1];
  const chance = chanceOfLowest(costs) as number;
  assert.ok(chance < 1e-3, `${chance}`);
  assert.ok(Math.abs((chanceOfLowest(costs.map((cost) => 1000 * cost)) as number) - chance) < 1e-12);
});

test('classes that cost the same are no surprise, and three are too few to tell', () => {
  assert.equal(chanceOfLowest([2, 2, 2, 2, 2]), 1);
  assert.equal(chanceOfLowest([1, 2, 3]), undefined);
});

test('a class that the search did not reach neither hides an outlier nor is one', () => {
  const costs = [1.24, 0.51, 1.17, 1.58, 1.24, 1.52, 0.83, 1.3, 1.53, 10.09];
  const successes = costs.map((cost) => (cost > 10 ? 0 : 0.97));
  const chance = chanceAmongReached(costs, successes) as number;
  assert.equal(chance, chanceOfLowest(costs.slice(0, 9)));
  assert.ok(chance < 0.05 && (chanceOfLowest(costs) as number) > 0.5, `${chance}`);
  assert.equal(
    chanceAmongReached(
      costs,
      successes.map((success, label) => (label === 1 ? 0.4 : success)),
    ),
    1,
  );
  // Two reached classes do not tell how classes scatter, so all count.
  const few = costs.map((_, label) => (label < 2 ? 1 : 0));
  assert.equal(chanceAmongReached(costs, few), chanceOfLowest(costs));
});
