import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFixture } from '../testing/fixtures.js';
import { constantRate, cosine, multiStep, oneCycle, type Schedule, stepwise } from './schedules.js';

interface ScheduleFixture {
  readonly schedule: keyof typeof makers;
  readonly options: never;
  readonly rates: readonly number[];
}

const makers = { cosine, stepwise, multiStep, oneCycle };

describe('rates are those of PyTorch', () => {
  for (const { schedule, options, rates } of readFixture<ScheduleFixture[]>('schedules')) {
    test(`${schedule} ${JSON.stringify(options)}`, () => {
      const rate: Schedule = makers[schedule](options);
      rates.forEach((expected, i) => {
        // Changed once an epoch, whatever the step, or at every step, whatever the epoch.
        const at = schedule === 'oneCycle' ? { epoch: 0, step: i } : { epoch: i, step: 7 * i + 3 };
        assert.ok(Math.abs(rate(at) - expected) <= 1e-7 * Math.abs(expected), `at ${i}: ${rate(at)}, expected ${expected}`);
      });
    });
  }
});

test('a constant rate is constant', () => {
  for (const epoch of [0, 5, 99]) assert.equal(constantRate(0.01)({ epoch, step: 10 * epoch }), 0.01);
});

test('one cycle is finite and reaches its peak however short it is', () => {
  for (const steps of [1, 2, 3, 10]) {
    for (const rise of [0, 0.1, 0.3, 0.5, 1]) {
      const rate = oneCycle({ peak: 1, steps, rise });
      for (let step = 0; step < steps; step++)
        assert.ok(rate({ epoch: 0, step }) > 0 && rate({ epoch: 0, step }) <= 1, `${step} of ${steps}, rise ${rise}`);
    }
  }
  assert.equal(oneCycle({ peak: 1, steps: 10, rise: 0.1 })({ epoch: 0, step: 0 }), 1);
});
