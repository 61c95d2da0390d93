import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Meter } from './meter.js';

test('a phase has its time and the peak of the memory within it', async () => {
  let megabytes = 10;
  const meter = new Meter(() => megabytes * 1e6);
  await meter.run('grow', async () => {
    megabytes = 90;
    await sleep(120);
    megabytes = 20;
  });
  await sleep(120);
  assert.equal(await meter.run('idle', async () => 'value'), 'value');
  const [grow, idle] = meter.phases;
  assert.deepEqual([grow.name, grow.peakMemoryMB], ['grow', 90]);
  assert.ok(grow.seconds >= 0.11 && grow.seconds < 2, `${grow.seconds}`);
  assert.deepEqual([idle.name, idle.peakMemoryMB], ['idle', 20]);
});

test('work that knows its parts is recorded part by part', async () => {
  const meter = new Meter();
  await meter.run(
    'fmp',
    () => sleep(100),
    () => ({ scan: 0.03, 'fine-tune': 0.05 }),
  );
  assert.deepEqual(
    meter.phases.map(({ name, seconds, peakMemoryMB }) => [name, seconds, peakMemoryMB]),
    [
      ['fmp: scan', 0.03, undefined],
      ['fmp: fine-tune', 0.05, undefined],
    ],
  );
});

test('work that fails is not recorded and leaves no timer behind', async () => {
  const meter = new Meter(() => 0);
  await assert.rejects(
    meter.run('fail', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.deepEqual(meter.phases, []);
});
