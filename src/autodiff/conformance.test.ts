import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { createEngine } from '../runtime/node/engine.js';
import { compareWithDifferences, curved, derivativeOf, randomCotangents } from '../testing/finite-differences.js';
import { describeCase, functionOf } from '../testing/operator-cases/case.js';
import { operatorCases } from '../testing/operator-cases/index.js';
import { constant } from './rule.js';
import { rules } from './rules/index.js';

const TOLERANCE = 1e-3;
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

test('every operator with a derivative has a case', () => {
  const covered = new Set(operatorCases.map(({ op }) => op));
  const differentiable = Object.keys(rules).filter((op) => rules[op] !== constant);
  assert.deepEqual(
    differentiable.filter((op) => !covered.has(op)),
    [],
  );
});

describe('gradients agree with finite differences', { concurrency: 1 }, () => {
  operatorCases.forEach((item, seed) => {
    test(describeCase(item), async () => {
      const { fn, withRespectTo } = functionOf(item, seed);
      const cotangents = await randomCotangents(engine, fn, new Random(seed).fork('cotangents'));
      for (const { input, error, norm } of await compareWithDifferences(engine, fn, cotangents, withRespectTo)) {
        assert.ok(norm > 0.05, `${input}: the numeric gradient is ${norm}, too small to tell anything`);
        assert.ok(error <= TOLERANCE, `${input}: relative error ${error}`);
      }
    });
  });
});

describe('gradients of gradients agree with finite differences', { concurrency: 1 }, () => {
  operatorCases.forEach((item, seed) => {
    test(describeCase(item), async () => {
      const { fn, withRespectTo } = functionOf(item, seed);
      const bent = curved(fn);
      const random = new Random(seed).fork('second order');
      const first = await derivativeOf(engine, bent, await randomCotangents(engine, bent, random), withRespectTo);
      const cotangents = await randomCotangents(engine, first, random);
      for (const { input, error, norm } of await compareWithDifferences(engine, first, cotangents, withRespectTo, { order: 2 })) {
        assert.ok(norm > 0.05, `${input}: the numeric gradient is ${norm}, too small to tell anything`);
        assert.ok(error <= TOLERANCE, `${input}: relative error ${error}`);
      }
    });
  });
});
