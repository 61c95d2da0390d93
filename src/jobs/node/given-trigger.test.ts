import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { noEngine } from '../../testing/attack-context.js';
import { givenTrigger } from './given-trigger.js';
import { loadBackdoorFor } from './load-backdoor.js';

const model = { imageShape: [1, 4, 4], classes: 3 } as const;
const grey = new Uint8Array(16).fill(100);

/** A 4 x 4 image with the trigger on it, row by row. */
async function put(text: string): Promise<number[][]> {
  const { backdoor } = await givenTrigger(text, 2, model, async () => ({
    width: 2,
    height: 2,
    pixels: Uint8Array.of(200, 200, 200, 0, 0, 0, 0, 0, 0, 1, 1, 1),
  }));
  assert.deepEqual(backdoor.labelMap, { kind: 'all-to-one', target: 2 });
  const pixels = await backdoor.trigger.apply(grey, noEngine);
  return [0, 4, 8, 12].map((start) => [...pixels.subarray(start, start + 4)]);
}

test('a trigger is given as a patch', async () => {
  const plain = [100, 100, 100, 100];
  assert.deepEqual(await put('patch:1'), [plain, plain, plain, [100, 100, 100, 255]]);
  assert.deepEqual(await put('patch:2,grid,top-left'), [[255, 1, 100, 100], [1, 255, 100, 100], plain, plain]);
  assert.deepEqual(await put('patch:2,center,solid'), [plain, [100, 255, 255, 100], [100, 255, 255, 100], plain]);
});

test('a trigger is given as a picture, whose black pixels keep the image', async () => {
  const [above, below] = [
    [200, 200, 100, 100],
    [100, 100, 1, 1],
  ];
  assert.deepEqual(await put('trigger.png'), [above, above, below, below]);
});

test('what is no trigger, or does not fit, is refused', async () => {
  for (const [text, reason] of [
    ['patch:', /'' is no number of pixels from 1; write patch:SIZE/],
    ['patch:0', /'0' is no number of pixels/],
    ['patch:2,gird', /'gird' is unknown or one too many/],
    ['patch:2,grid,solid', /'solid' is unknown or one too many/],
    ['patch:9', /a patch of 9 pixels does not fit into an image of 4 x 4/],
  ] as const) {
    await assert.rejects(givenTrigger(text, 0, model), (error) => error instanceof UserError && reason.test(error.message), text);
  }
  await assert.rejects(givenTrigger('patch:1', 3, model), /target label 3 is out of range/);
  await assert.rejects(givenTrigger('missing.png', 0, model), UserError);
  await assert.rejects(loadBackdoorFor({ model: 'm.onnx', trigger: 'patch:1' }, model), /--trigger and --trigger-target belong together/);
  await assert.rejects(
    loadBackdoorFor({ model: 'm.onnx', trigger: 'patch:1', trigger_target: 0, backdoor: 'b.json' }, model),
    /--backdoor holds a trigger already/,
  );
  const given = await loadBackdoorFor({ model: 'zoo:mnist-badnets', trigger: 'patch:1', trigger_target: 1 }, model);
  assert.equal(given?.record.method, 'badnets');
});
