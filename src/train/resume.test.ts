import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Random } from '../core/random.js';

const child = fileURLToPath(new URL('../testing/train-child.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'antidote resume '));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the training in a process of its own; `watch` sees it and what it prints. Resolves to how it ended. */
async function start(name: string, watch: (process: ChildProcess, printed: string) => void = () => {}): Promise<string | number> {
  const started = spawn(process.execPath, [child, join(folder, `${name}.checkpoint`), join(folder, `${name}.onnx`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  started.stdout.on('data', (text) => {
    printed += text;
    watch(started, printed);
  });
  return new Promise((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code, signal) => resolve(signal ?? code ?? 'unknown'));
  });
}

const result = (name: string) => readFileSync(join(folder, `${name}.onnx`));

/** Kills `milliseconds` after the given line was printed for the first time. */
function killAfter(line: string, milliseconds: number) {
  let armed = false;
  return (process: ChildProcess, printed: string) => {
    if (armed || !printed.includes(line)) return;
    armed = true;
    if (milliseconds === 0) process.kill('SIGKILL');
    else setTimeout(() => process.kill('SIGKILL'), milliseconds);
  };
}

test('training that is killed again and again ends with the same bytes as training that is not', async (t) => {
  assert.equal(await start('straight'), 0);
  const random = new Random(Date.now());
  // During the first write, when there is no checkpoint to fall back on; then at all sorts of moments.
  const moments = [
    killAfter('saving\n', 0),
    killAfter('saving\n', random.between(0.2, 2)),
    killAfter('saved\n', 0),
    killAfter('saving\n', random.between(1, 6)),
    killAfter('saved\n', random.between(1, 60)),
    killAfter('saved\n', random.between(1, 60)),
  ];
  let kills = 0;
  for (const moment of moments) {
    const end = await start('killed', moment);
    if (end === 'SIGKILL') kills++;
    else assert.equal(end, 0);
  }
  assert.ok(kills >= 3, `only ${kills} of ${moments.length} processes were killed before they were done`);
  assert.equal(await start('killed'), 0);
  assert.deepEqual(result('killed'), result('straight'));
  t.diagnostic(`${kills} kills`);
});

test('a run that was done is not done again', async () => {
  let printed = '';
  assert.ok(existsSync(join(folder, 'straight.checkpoint')));
  assert.equal(
    await start('straight', (_, text) => {
      printed = text;
    }),
    0,
  );
  assert.equal(printed, '');
});
