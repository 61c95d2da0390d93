import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Result } from '../report/result.js';
import { runCli } from '../testing/cli.js';
import { temporaryFolders, temporaryHome } from '../testing/temporary.js';

const place = temporaryFolders();
// Without data sets but MNIST, as on a machine on which nothing was downloaded yet.
temporaryHome(place);

const few = ['--test-images', '300', '--device', 'cpu', '--threads', '1', '--json'];
const resultOf = (out: string) => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '').result as Result;

test('zoo list says what there is', async () => {
  const { code, out } = await runCli(['zoo', 'list']);
  assert.equal(code, 0);
  assert.match(out, /^NAME +DATA +ATTACK +ACC +ASR +RA +SIZE\n/);
  assert.match(out, /^mnist-badnets +mnist +BadNets +9\d\.\d+ % +\d+\.\d+ % +\d+\.\d+ % +0\.16 MB$/m);
  assert.match(out, /^mnist-clean +mnist +none +9\d\.\d+ % +– +– /m);
  const { zoo } = JSON.parse((await runCli(['zoo', 'list', '--json'])).out) as { zoo: { name: string; attack: string }[] };
  assert.ok(zoo.some(({ name, attack }) => name === 'mnist-wanet' && attack === 'wanet'));
});

test('a model of the zoo is repaired and measured by its own backdoor, on its own data', async () => {
  const out = join(await place(), 'repaired');
  const repaired = await runCli(['repair', 'clp', '--model', 'zoo:mnist-wanet', '--u', '2.4', '--out', out, ...few]);
  assert.equal(repaired.code, 0, repaired.err);
  const { attack, before, after } = resultOf(repaired.out);
  assert.equal(attack?.method, 'wanet');
  assert.ok((before?.asr ?? 0) > 0.9 && (after?.asr ?? 1) < 0.1);
  const again = await runCli(['evaluate', '--model', join(out, 'repaired.onnx'), '--backdoor', 'zoo:mnist-wanet', ...few]);
  assert.deepEqual(resultOf(again.out).before, after);
});

test('a clean model is measured without a backdoor', async () => {
  const { before } = resultOf((await runCli(['evaluate', '--model', 'zoo:mnist-clean', ...few])).out);
  assert.ok((before?.acc ?? 0) > 0.95);
  assert.equal(before?.asr, undefined);
});

test('what is missing is said in one line', async () => {
  const refused = async (args: string[]) => {
    const { code, err } = await runCli([...args, '--device', 'cpu']);
    assert.equal(code, 2, err);
    assert.equal(err.trimEnd().split('\n').length, 1, err);
    return err;
  };
  const scan = ['scan', '--out', await place(), '--model'];
  assert.match(await refused([...scan, 'zoo:gtsrb-badnets']), /GTSRB is not on this machine yet; run 'antidote data get gtsrb' once/);
  assert.match(await refused([...scan, 'zoo:gtsrb-badnet']), /there is no model in the zoo 'gtsrb-badnet'; did you mean 'gtsrb-badnets'\?/);
  assert.match(
    await refused(['evaluate', '--model', 'zoo:mnist-badnets', '--data', 'fashion-mnist']),
    /Fashion-MNIST is not on this machine/,
  );
});
