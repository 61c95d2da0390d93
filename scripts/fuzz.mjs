// Tries every parser of files from elsewhere with many damaged ones: npm run fuzz [-- [--count N] [--seed N] [name ...]].
// Meant for the night: 100,000 files for each parser take some minutes. Ends with 1 when a parser broke, hung or took too
// much memory, after printing the files in base64; the same seed gives the same files.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Memory for JavaScript's objects, in MB; a parser that needs more for files of a few KB ends the process. */
const HEAP = 256;

if (!process.execArgv.some((option) => option.startsWith('--max-old-space-size'))) {
  const { status } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${HEAP}`, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
    },
  );
  process.exit(status ?? 1);
}

const { values, positionals } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '0' } },
  allowPositionals: true,
});
const { installMeter } = await import('../dist/testing/fuzz/meter.js');
const meter = installMeter();
const { fuzzTargets } = await import('../dist/testing/fuzz/targets.js');
const { fuzz } = await import('../dist/testing/fuzz/fuzz.js');

const chosen = fuzzTargets.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(`no parser is called ${positionals.join(' or ')}; choose from: ${fuzzTargets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
let failed = 0;
for (const target of chosen) {
  const started = performance.now();
  const { accepted, refused, slowest, largest, failures } = await fuzz(target, Number(values.count), Number(values.seed), meter);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const figures = `slowest ${slowest.toFixed(0)} ms, refused with at most ${largest.toFixed(2)} x the file's size`;
  console.log(`${failures.length > 0 ? 'FAIL' : 'ok  '} ${target.name}: ${accepted} read, ${refused} refused; ${figures}  (${seconds} s)`);
  for (const failure of failures) console.log(`\n${failure}\n`);
  failed += failures.length;
}
process.exitCode = failed > 0 ? 1 : 0;
