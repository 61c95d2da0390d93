// Runs the compiled tests: every dist/**/*.test.js, or those whose path contains one of the arguments.
// Prints a line for each file as it ends, failures in full, what was skipped and why, and the counts as the last line.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Tally } from './tally.mjs';

/** Files at a time. Tests keep the runtime at one thread, so this is what fills the cores. */
const CONCURRENCY = Math.min(4, availableParallelism());
/** Longest time for a file, in milliseconds; what hangs should fail and not wait for ever. */
const PATIENCE = 600_000;

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const filters = process.argv.slice(2);
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.test.js') && (filters.length === 0 || filters.some((filter) => file.includes(filter))))
  .sort();

const total = { passed: 0, failed: 0 };
const skips = [];
const waiting = [...files];
await Promise.all(Array.from({ length: CONCURRENCY }, work));

if (skips.length > 0) console.log(`\nskipped:\n${skips.join('\n')}`);
if (total.passed + total.failed === 0) console.log(files.length === 0 ? `\nno test file matches: ${filters.join(' ')}` : '\nno test ran');
console.log(`\n${total.passed} passed, ${total.failed} failed${skips.length > 0 ? `, ${skips.length} skipped` : ''}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

async function work() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) report(file, await runFile(file));
}

async function runFile(file) {
  const path = join(dist, file);
  const tally = new Tally(path);
  const output = [];
  const started = performance.now();
  for await (const { type, data } of run({ files: [path], timeout: PATIENCE })) {
    if (type === 'test:start') tally.start(data);
    if (type === 'test:pass') tally.pass(data);
    if (type === 'test:fail') tally.fail(data);
    if (type === 'test:stdout' || type === 'test:stderr') output.push(data.message);
    // What goes wrong after a test has ended reaches no test; the runner only mentions it.
    if (type === 'test:diagnostic' && /^(Error|Warning):/.test(data.message)) output.push(`${data.message}\n`);
  }
  tally.end();
  return { tally, output: output.join(''), seconds: (performance.now() - started) / 1000 };
}

function report(file, { tally, output, seconds }) {
  const { passed, failures, skipped } = tally;
  const name = file.replace(/\.js$/, '.ts');
  const counts = [`${passed} passed`];
  if (failures.length > 0) counts.push(`${failures.length} failed`);
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  console.log(`${failures.length > 0 ? 'FAIL' : 'ok  '} src/${name}  ${counts.join(', ')}  ${seconds.toFixed(1)} s`);
  for (const failure of failures)
    console.log(`\n  FAILED ${failure.name}\n${indent(typeof failure.error === 'string' ? failure.error : inspect(failure.error))}\n`);
  if (failures.length > 0 && output !== '') console.log(`  printed by src/${name}:\n${indent(output)}\n`);
  total.passed += passed;
  total.failed += failures.length;
  for (const skip of skipped) skips.push(`  src/${name}: ${skip.name} (${skip.reason})`);
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, '    ');
}
