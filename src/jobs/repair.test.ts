import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Defense, DefenseContext, DefenseTask } from '../defenses/defense.js';
import type { Engine } from '../runtime/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { madeUpDataset } from '../testing/dataset.js';
import { repairModel } from './repair.js';

const model = brightnessClassifier(3, [1, 4, 4]);
const images = madeUpDataset(4, 3);

/** A defence that does nothing but look at what it is given. */
function curious(seen: { task?: DefenseTask; context?: DefenseContext }): Defense<z.ZodObject> {
  return {
    name: 'curious',
    title: 'Curious',
    summary: 'Looks.',
    paper: { title: 'None', authors: 'nobody', venue: 'nowhere', year: 2024 },
    options: z.object({ leak: z.boolean().default(false).describe('ask for test images') }),
    wantsTestImages: ({ leak }) => leak === true,
    async repair(task, _options, context) {
      Object.assign(seen, { task, context });
      return { model: task.model, pruned: {}, history: [], rule: 'nothing', seconds: {} };
    },
  };
}

test('a defence sees no test images, unless its options imitate code that does', async () => {
  for (const leak of [false, true]) {
    const seen: { task?: DefenseTask; context?: DefenseContext } = {};
    const given = { engine: {} as Engine, model, clean: images, test: { ...images, split: 'test' } };
    await repairModel({ ...given, defense: curious(seen), options: { leak } });
    assert.deepEqual(Object.keys(seen.task ?? {}).sort(), ['clean', 'model']);
    assert.equal(seen.context?.test?.split, leak ? 'test' : undefined);
  }
});
