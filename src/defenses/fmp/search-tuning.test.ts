import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fmpOptions } from './options.js';
import { type Judgement, searchTuning, tellTrials } from './search-tuning.js';

const fine: Judgement = { accuracy: 0.9, error: 0.01, clean: 0.92, success: 0.01 };
const diverged: Judgement = { accuracy: 0, error: 0, clean: 0, success: 1 };

/** What is chosen where trials, in their order, come to these results. */
const search = async (given: object, ...judgements: readonly Partial<Judgement>[]) => {
  const waiting = judgements.map((judgement) => ({ ...fine, ...judgement }));
  const chosen = await searchTuning(async () => {
    const next = waiting.shift();
    assert.ok(next, 'more was tried than expected');
    return next;
  }, fmpOptions.parse(given));
  assert.equal(waiting.length, 0, 'less was tried than expected');
  return { lr: chosen.lr.toPrecision(2), unlearn: chosen.unlearn };
};

describe('the search for a tuning', () => {
  it('goes down with the rate where that is better beyond chance', async () => {
    assert.deepEqual(await search({}, {}, { accuracy: 0.919 }), { lr: '0.010', unlearn: 0.2 });
    assert.deepEqual(await search({}, {}, { accuracy: 0.921 }, { accuracy: 0.93 }), { lr: '0.0032', unlearn: 0.2 });
    assert.deepEqual(await search({}, {}, { accuracy: 0.921 }, { accuracy: 0.95 }), { lr: '0.0010', unlearn: 0.2 });
    assert.deepEqual(await search({ lr_trials: 2 }, {}, { accuracy: 0.95 }), { lr: '0.0032', unlearn: 0.2 });
    assert.deepEqual(await search({}, diverged, diverged, {}), { lr: '0.0010', unlearn: 0.2 });
  });

  it('takes as many copies as it takes', async () => {
    const followed = { success: 0.3 };
    assert.deepEqual(await search({}, followed, {}, {}), { lr: '0.010', unlearn: 0.5 });
    assert.deepEqual(await search({}, followed, {}, followed, followed), { lr: '0.010', unlearn: 1 });
    assert.deepEqual(await search({ unlearn: 0.5 }, followed, {}, {}), { lr: '0.010', unlearn: 1 });
    assert.deepEqual(await search({ unlearn: 1 }, followed, {}), { lr: '0.010', unlearn: 1 });
    assert.deepEqual(await search({ unlearn_success: 0.3 }, followed, {}), { lr: '0.010', unlearn: 0.2 });
  });

  it('takes no more copies than accuracy allows, all costs counted together', async () => {
    const followed = { success: 0.3 };
    assert.deepEqual(await search({}, followed, {}, { ...followed, clean: 0.899 }), { lr: '0.010', unlearn: 0.2 });
    assert.deepEqual(await search({}, followed, {}, { ...followed, clean: 0.905 }, { clean: 0.899 }), { lr: '0.010', unlearn: 0.5 });
    assert.deepEqual(await search({}, followed, {}, diverged), { lr: '0.010', unlearn: 0.2 });
  });

  it('is told', () => {
    const told = tellTrials({
      lr: 0.003,
      unlearn: 0.2,
      trials: [
        { lr: 0.01, unlearn: 0.2, accuracy: 0.5, error: 0.05, clean: 0.6, success: 0.3 },
        { lr: 0.003, unlearn: 0.2, accuracy: 0.9, error: 0.03, clean: 0.95, success: 0.04 },
      ],
    });
    assert.match(told, /learning rate 0\.0030 and the share of copies 0\.2 were chosen/);
    assert.match(told, /0\.0030 with 0\.2: accuracy 90\.0 %, without changes 95\.0 %, change followed by 4\.0 %/);
    assert.equal(tellTrials({ lr: 0.01, unlearn: 0.2, trials: [] }), '');
  });
});
