import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { version } from '../core/version.js';
import { encodeClassifier } from '../nn/onnx-file.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { type CliRun, runCli } from '../testing/cli.js';

let folder: string;
const at = (name: string) => join(folder, name);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-cli-'));
  const model = encodeClassifier(brightnessClassifier(10, [1, 28, 28]));
  await writeFile(at('model.onnx'), model);
  await writeFile(at('cut.onnx'), model.subarray(0, model.length / 2));
  await writeFile(at('three.onnx'), encodeClassifier(brightnessClassifier(3, [1, 28, 28])));
  await mkdir(at('empty'));
  await mkdir(at('damaged'));
  await writeFile(at('damaged/train-images-idx3-ubyte'), Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 9));
  await truncate(at('damaged/train-images-idx3-ubyte'), 10);
  await writeFile(at('damaged/train-labels-idx1-ubyte'), '');
  await writeFile(at('options.yaml'), 'pratio: 0.2\nepoch: 3\n');
  await writeFile(at('nested.yaml'), 'config: options.yaml\n');
});
after(() => rm(folder, { recursive: true }));

function assertRefused({ code, out, err }: CliRun, problem: RegExp): void {
  assert.equal(code, 2, err);
  assert.match(err, problem);
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  assert.ok(err.startsWith('antidote: '), err);
  assert.equal(out, '');
}

const cases: [name: string, args: () => string[], problem: RegExp][] = [
  ['an unknown command', () => ['attac'], /there is no command 'attac'; did you mean 'attack'\?/],
  ['an unknown attack', () => ['attack', 'badnet'], /there is no attack 'badnet'; did you mean 'badnets'\?/],
  [
    'an unknown option',
    () => ['repair', 'fmp', '--model', 'x.onnx', '--epoch', '1'],
    /antidote repair fmp has no option --epoch; did you mean --epochs\?/,
  ],
  ['an option out of range', () => ['attack', 'badnets', '--pratio', '1.5'], /option pratio of antidote attack badnets is 1\.5: .*up to 1/],
  ['an option that is missing', () => ['repair', 'ft'], /antidote repair ft needs option model/],
  [
    'a file of options with an unknown key',
    () => ['attack', 'badnets', '--config', at('options.yaml')],
    /options\.yaml has no option 'epoch'; did you mean 'epochs'\?/,
  ],
  [
    'a file of options that names another one',
    () => ['attack', 'badnets', '--config', at('nested.yaml')],
    /nested\.yaml has no option 'config'; choose from/,
  ],
  ['a missing model', () => ['evaluate', '--model', at('none.onnx'), '--device', 'cpu'], /none\.onnx' does not exist; check the path/],
  ['a model cut short', () => ['evaluate', '--model', at('cut.onnx'), '--device', 'cpu'], /cut\.onnx: .*damaged or cut short/],
  ['an unknown data set', () => ['data', 'get', 'minst'], /there is no data set 'minst'; did you mean 'mnist'\?/],
  ['a path without images', () => ['attack', 'badnets', '--data', at('empty')], /needs images as train\/CLASS\/FILE and test\/CLASS\/FILE/],
  ['missing data', () => ['data', 'get', 'mnist', '--from', at('empty')], /empty' has neither train-images-idx3-ubyte nor/],
  [
    'data cut short',
    () => ['evaluate', '--model', at('model.onnx'), '--from', at('damaged'), '--device', 'cpu'],
    /damaged\/train-images-idx3-ubyte' ends inside its header/,
  ],
  [
    'output where a file is',
    () => ['demo', '--quick', '--out', at('model.onnx')],
    /cannot write to '.*model\.onnx': it is a file; choose another folder/,
  ],
  ['a report of nothing', () => ['report', at('empty')], /empty\/result\.json' does not exist/],
  ['a word too many', () => ['devices', 'all'], /devices does not take 'all'/],
];

for (const [name, args, problem] of cases) {
  test(`${name} is refused in one line with exit code 2`, async () => {
    const run = await runCli(args());
    // The demo says first how long it will take.
    assertRefused({ ...run, err: run.err.replace(/^Planting .*\n/, '') }, problem);
  });
}

test('with --json, the reason stands in an event of its own as well', async () => {
  const { code, out, err } = await runCli(['report', at('empty'), '--json']);
  assert.equal(code, 2);
  const { event, text } = JSON.parse(out) as { event: string; text: string };
  assert.equal(event, 'error');
  assert.equal(err, `antidote: ${text}\n`);
});

test('a target label out of range and a model of other classes are refused before anything is computed', async () => {
  const small = ['--device', 'cpu', '--train-images', '100', '--test-images', '100'];
  assertRefused(
    await runCli(['attack', 'badnets', '--attack-target', '10', '--out', at('out'), ...small]),
    /target label 10 is out of range; with 10 classes choose 0 to 9/,
  );
  assertRefused(
    await runCli(['repair', 'ft', '--model', at('three.onnx'), '--out', at('out'), ...small]),
    /has 3 classes, but mnist has 10; use the data set/,
  );
});

test('version, help and lists are printed', async () => {
  assert.deepEqual(await runCli(['--version']), { code: 0, out: `antidote ${version}\n`, err: '' });
  for (const args of [[], ['help'], ['--help']]) assert.match((await runCli(args)).out, /Usage: antidote COMMAND \[OPTIONS\]/);
  for (const args of [
    ['help', 'repair', 'fmp'],
    ['repair', 'fmp', '--help'],
    ['repair', 'fmp', '-h'],
  ]) {
    const { code, out } = await runCli(args);
    assert.equal(code, 0);
    assert.match(out, /--eps NUMBER/);
  }
  assert.match((await runCli(['data', 'list'])).out, /^mnist +10 +1 x 28 x 28 +60,000 +10,000 /m);
});
