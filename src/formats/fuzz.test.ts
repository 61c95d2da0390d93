import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installMeter } from '../testing/fuzz/meter.js';

/** Files for each parser; `npm run fuzz` tries many more. */
const COUNT = 2000;

// Before the parsers are loaded, as some keep the constructors that are counted.
const meter = installMeter();
const { fuzzTargets } = await import('../testing/fuzz/targets.js');
const { fuzz } = await import('../testing/fuzz/fuzz.js');

for (const target of fuzzTargets) {
  test(`${target.name}: ${COUNT} damaged files are read or refused`, async () => {
    const { accepted, refused, failures } = await fuzz(target, COUNT, 1, meter);
    assert.deepEqual(failures, []);
    assert.ok(accepted + refused === COUNT && refused > COUNT / 20, `${accepted} read, ${refused} refused`);
  });
}

test('a parser that breaks, hangs or takes too much is noticed', async () => {
  const make = () => new Uint8Array(1);
  const failing = async (run: () => unknown, patience?: number) =>
    (await fuzz({ name: 'x', make, run }, 10, 1, meter, patience)).failures.join('\n');
  assert.match(await failing(() => JSON.parse('{')), /SyntaxError/);
  assert.match(await failing(() => new Float32Array(2 ** 25)), /took 134217728 bytes for 1/);
  assert.match(await failing(() => new Uint8Array(2 ** 27).slice()), /took 268435456 bytes for 1/);
  assert.match(await failing(() => Array.from({ length: 2_000_000 }, Math.sin), 1), /took \d+ ms/);
});
