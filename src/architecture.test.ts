import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { describe, test } from 'node:test';
import { version } from './core/version.js';
import { importsOf, violations } from './testing/architecture.js';

const LONGEST_FILE = 300;
const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts'));
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

describe('the project', () => {
  const imports = files.flatMap((file) => importsOf(file, read(`src/${file}`)));

  test('imports only downwards, and Node and ONNX Runtime only where they belong', () => {
    assert.ok(imports.length > files.length, 'hardly any imports were found; the pattern that finds them must be wrong');
    assert.deepEqual(violations(imports), []);
  });

  test('uses no package that package.json does not name', () => {
    // onnxruntime-common holds the types of onnxruntime-node and comes with it.
    const known = [...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }), 'onnxruntime-common'];
    const foreign = imports.filter(({ to }) => !/^\.|^node:/.test(to) && !known.some((name) => to === name || to.startsWith(`${name}/`)));
    assert.deepEqual(foreign, []);
  });

  test('uses globals of Node only where Node may be imported', () => {
    const portable = files.filter((file) => !/\.test\.ts$|^(cli|testing)\/|\/node\//.test(file));
    const users = portable.filter((file) => /\bprocess\.\w|\bBuffer\b|\b__dirname\b|\bsetImmediate\b/.test(code(read(`src/${file}`))));
    assert.deepEqual(users, []);
  });

  test('has no long files', () => {
    const long = files.filter((file) => !file.startsWith('onnx/gen/') && read(`src/${file}`).split('\n').length - 1 > LONGEST_FILE);
    assert.deepEqual(long, []);
  });

  test('shows in the README the example as it is', () => {
    const [, ...lines] = read('examples/repair-mnist.mjs').split('\n');
    assert.ok(read('README.md').includes(`\`\`\`js\n${lines.join('\n')}\`\`\``), 'README.md and examples/repair-mnist.mjs differ');
  });

  test('says the same version everywhere', () => {
    assert.equal(version, manifest.version);
    assert.equal(JSON.parse(read('package-lock.json')).version, manifest.version);
  });

  test('has a complete lock file, for every system, which npm ci insists on', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
    const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies }).filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      ),
    );
    assert.deepEqual(missing, []);
    // An address would tie the project to whichever registry the file was made with.
    assert.ok(Object.values(packages).every(({ resolved }) => resolved === undefined));
  });

  test('explains every dependency', () => {
    const explained = read('docs/dependencies.md');
    const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies });
    assert.deepEqual(
      names.filter((name) => !explained.includes(`| \`${name}\` |`)),
      [],
    );
  });
});

/** A package as package-lock.json has it. */
interface Locked {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly resolved?: string;
}

/** The source without its comments. */
function code(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

describe('the check of imports', () => {
  const refuse = (from: string, to: string, why: RegExp) => {
    const found = violations([{ from, to }]);
    assert.equal(found.length, 1, `${from} -> ${to} should be refused`);
    assert.match(found[0], why);
  };
  const accept = (from: string, to: string) => assert.deepEqual(violations([{ from, to }]), []);

  test('accepts what lies below or beside in the same folder', () => {
    accept('onnx/read.ts', '../core/errors.js');
    accept('onnx/read.ts', './gen/onnx_pb.js');
    accept('train/optimizers/adam.ts', '../step.js');
    accept('defenses/fmp/scan.ts', '../../runtime/engine.js');
    accept('defenses/fmp/scan.ts', '../prune.js');
    accept('jobs/attack.ts', '../report/html.js');
    accept('index.ts', './jobs/attack.js');
    accept('cli/main.ts', '../jobs/attack.js');
  });

  test('refuses what lies above or beside', () => {
    refuse('core/tensor.ts', '../onnx/graph.js', /core lies under onnx/);
    refuse('nn/classifier.ts', '../train/step.js', /nn lies under train/);
    refuse('data/node/mnist.ts', '../../attacks/badnets.js', /data lies under attacks/);
    refuse('jobs/attack.ts', '../cli/main.js', /jobs lies under cli/);
    refuse('jobs/attack.ts', '../index.js', /jobs lies under index/);
    refuse('attacks/badnets.ts', '../defenses/prune.js', /side by side/);
    refuse('defenses/fmp/scan.ts', '../../attacks/badnets.js', /side by side/);
    refuse('metrics/measure.ts', '../report/html.js', /side by side/);
    refuse('train/step.ts', '../helpers/misc.js', /'helpers' is not a layer/);
  });

  test('keeps Node out of what has to run in a browser', () => {
    for (const from of ['runtime/node/worker.ts', 'data/node/read.ts', 'nn/node/files.ts', 'jobs/node/checkpoints.ts', 'cli/main.ts'])
      accept(from, 'node:fs');
    accept('runtime/node/worker.ts', 'onnxruntime-node');
    accept('runtime/ort.ts', 'onnxruntime-common');
    for (const from of ['core/hash.ts', 'runtime/trace.ts', 'train/loop.ts', 'report/write.ts', 'defenses/node/x.ts', 'nn/node.ts'])
      refuse(from, 'node:fs', /browser/);
    refuse('runtime/ort.ts', 'onnxruntime-node', /browser/);
  });

  test('keeps ONNX Runtime behind the runtime', () => {
    refuse('nn/predict.ts', 'onnxruntime-common', /only src\/runtime/);
    refuse('cli/main.ts', 'onnxruntime-node', /only src\/runtime/);
  });

  test('lets only tests use what is there for tests', () => {
    refuse('nn/predict.ts', '../testing/brightness.js', /only tests/);
    accept('nn/predict.test.ts', '../testing/brightness.js');
    accept('core/tensor.test.ts', '../cli/main.js');
    accept('testing/brightness.ts', '../nn/classifier.js');
  });

  test('finds every form of import', () => {
    const source = `
import { a } from './a.js';
import type { B } from "./b.js";
import './c.js';
import {
  d,
} from './d.js';
export * from './e.js';
export { f } from './f.js';
const g = await import('./g.js');
const text = "from './not.js'";
export const from = 'nowhere';
`;
    const found = importsOf('x.ts', source).map(({ to }) => to);
    assert.deepEqual(found, ['./a.js', './b.js', './c.js', './d.js', './e.js', './f.js', './g.js']);
  });
});
