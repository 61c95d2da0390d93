import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { listDevices } from './devices.js';
import { createEngine } from './engine.js';

const reports = await listDevices(1);

test('every device is reported with its speed or what is wrong with it', () => {
  assert.deepEqual(
    reports.map(({ device }) => device),
    ['cpu', 'webgpu', 'cuda'],
  );
  for (const { device, milliseconds, problem } of reports) {
    if (milliseconds === undefined) assert.ok(problem && !problem.includes('\n'), `${device}: ${problem}`);
    else assert.ok(milliseconds > 0 && problem === undefined, device);
  }
  assert.ok(reports[0].milliseconds !== undefined, 'the CPU always works');
});

test('the fastest device is chosen', async () => {
  const engine = await createEngine({ threads: 1 });
  await engine.close();
  const working = reports.filter(({ milliseconds }) => milliseconds !== undefined);
  // Where there is a choice, timings may differ from those above.
  if (working.length === 1) assert.equal(engine.device, 'cpu');
  else assert.ok(working.some(({ device }) => device === engine.device));
});

test('a device that does not work is a user error with a remedy', async () => {
  for (const { device, problem } of reports) {
    if (problem === undefined) continue;
    await assert.rejects(
      createEngine({ device, threads: 1 }),
      (error) => error instanceof UserError && /use --device cpu/.test(error.message),
      device,
    );
  }
});
