import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The runner decides whether everything else counts as tested, so it is tried on made-up projects.

const scripts = fileURLToPath(new URL('../scripts/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'antidote scripts '));
after(() => rmSync(folder, { recursive: true, force: true }));

function project(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  for (const script of ['build.mjs', 'test.mjs', 'tally.mjs']) cpSync(join(scripts, script), join(root, 'scripts', script));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function runScript(root: string, script: string, ...args: string[]) {
  // A test runner that finds itself inside another one would report to that one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', script), ...args], { encoding: 'utf8', env });
  return { status, output: stdout + stderr, last: stdout.trimEnd().split('\n').at(-1) };
}

const passing = `
import { describe, test } from 'node:test';
test('outer', async (t) => { await t.test('one', () => {}); await t.test('two', () => {}); });
describe('suite', () => { test('three', () => {}); test('four', { skip: 'no adapter' }, () => {}); });
`;
const failing = `
import assert from 'node:assert';
import { before, describe, test } from 'node:test';
console.log('something printed');
test('fine', () => {});
describe('suite', () => { describe('inner', () => { test('wrong', () => assert.equal(1, 2)); }); });
describe('hook', () => { before(() => { throw new Error('hook broke'); }); test('unreached', () => {}); });
test('late reason', async (t) => { await t.test('still fine', () => {}); throw new Error('after all'); });
`;

test('counts tests, not what encloses them, and lists what was skipped', () => {
  const { status, output, last } = runScript(project('passing', { 'dist/deep/a.test.js': passing }), 'test.mjs');
  assert.equal(last, '3 passed, 0 failed, 1 skipped');
  assert.equal(status, 0);
  assert.match(output, /ok {3}src\/deep\/a\.test\.ts {2}3 passed, 1 skipped {2}\d+\.\d s/);
  assert.match(output, /src\/deep\/a\.test\.ts: suite > four \(no adapter\)/);
});

test('shows every failure with where it is and why', () => {
  const { status, output, last } = runScript(project('failing', { 'dist/a.test.js': failing, 'dist/b.test.js': passing }), 'test.mjs');
  assert.equal(last, '5 passed, 4 failed, 1 skipped');
  assert.equal(status, 1);
  assert.match(output, /FAILED suite > inner > wrong\n.*AssertionError/);
  assert.match(output, /FAILED hook\n.*hook broke/);
  assert.match(output, /FAILED late reason\n.*after all/);
  assert.match(output, /something printed/);
});

test('a file that breaks off, is killed, or holds no test is a failure', () => {
  const files = {
    'dist/breaks.test.js': "throw new Error('at import');",
    'dist/empty.test.js': '',
    'dist/killed.test.js': "import { test } from 'node:test'; test('x', () => process.kill(process.pid, 'SIGKILL'));",
  };
  const { status, output, last } = runScript(project('broken', files), 'test.mjs');
  assert.equal(last, '0 passed, 3 failed');
  assert.equal(status, 1);
  assert.match(output, /at import/);
  assert.match(output, /it holds no test/);
  assert.match(output, /ended by SIGKILL/);
});

test('an argument chooses files; choosing none is a failure', () => {
  const root = project('filtered', { 'dist/one/a.test.js': passing, 'dist/two/b.test.js': failing });
  assert.equal(runScript(root, 'test.mjs', 'one/').last, '3 passed, 0 failed, 1 skipped');
  const nothing = runScript(root, 'test.mjs', 'three');
  assert.equal(nothing.last, '0 passed, 0 failed');
  assert.equal(nothing.status, 1);
});

test('building removes what deleted sources have left behind, and nothing else', () => {
  const compiler = "require('fs').writeFileSync('dist/compiled.txt', '')";
  const root = project('stale', {
    'src/kept.test.ts': '',
    'dist/kept.test.js': '',
    'dist/gone.test.js': passing,
    'dist/gone.test.js.map': '',
    'dist/gone.test.d.ts': '',
    'dist/data.json': '',
    'node_modules/typescript/bin/tsc': compiler,
    'node_modules/typescript/package.json': '{}',
  });
  assert.equal(runScript(root, 'build.mjs').status, 0);
  const left = readdirSync(join(root, 'dist')).sort();
  assert.deepEqual(left, ['compiled.txt', 'data.json', 'kept.test.js']);
});
