import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { parseOptions } from './options.js';

const schema = z.object({
  ratio: z.number().gt(0).max(1).default(0.1).describe('share, above 0 up to 1'),
  model: z.string().describe('a file'),
});

test('what is left out has its default', () => {
  assert.deepEqual(parseOptions(schema, { model: 'a' }, 'badnets'), { ratio: 0.1, model: 'a' });
});

test('what is wrong is a user error that names option, value and range', () => {
  const cases: [unknown, RegExp][] = [
    [{ model: 'a', ratio: 2 }, /^option ratio of badnets is 2: .*<=1; ratio: share, above 0 up to 1$/],
    [{ model: 'a', ratio: Number.NaN }, /^option ratio of badnets is NaN: /],
    [{ model: 'x'.repeat(3), ratio: 'y'.repeat(200) }, /^option ratio of badnets is "y{59}…: /],
    [{}, /^badnets needs option model; model: a file$/],
    [{ model: 'a', ration: 1 }, /^badnets has no option 'ration'; did you mean 'ratio'\?$/],
    [{ model: 'a', unheard: 1 }, /^badnets has no option 'unheard'; choose from: ratio, model$/],
  ];
  for (const [values, problem] of cases) {
    assert.throws(
      () => parseOptions(schema, values, 'badnets'),
      (error) => error instanceof UserError && problem.test(error.message) && !error.message.includes('\n'),
      String(problem),
    );
  }
});
