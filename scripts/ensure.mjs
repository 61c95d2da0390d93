// Makes a fresh clone ready to run: checks Node, installs what package-lock.json lists, compiles. What is done already
// is not done again, so every command of the project can begin with it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL('..', import.meta.url));

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  fail(`Antidote needs Node ${OLDEST_NODE} or later, but this is Node ${process.versions.node}; install a newer one from nodejs.org`);
}
if (!isInstalled()) {
  console.log('Installing packages ...');
  const [command, ...first] = npm();
  // On Windows npm is a script, which only a shell can start. Nothing in these arguments comes from outside.
  const { status } = spawnSync(command, [...first, 'ci'], { cwd: root, stdio: 'inherit', shell: command === 'npm.cmd' });
  if (status !== 0) fail('The packages could not be installed (npm ci); see above. Is the package registry reachable?');
}
console.log('Compiling ...');
// Imported only now, so that an old Node gets as far as the line above that names it.
const { build } = await import('./build.mjs');
if (!build()) fail('The sources do not compile; see above.');

/**
 * Whether node_modules holds what the lock file asks for. npm keeps its own account of what it installed there; a missing
 * package counts only where it is not optional, as those for other systems are.
 */
function isInstalled() {
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  const wanted = packagesOf(join(root, 'package-lock.json'));
  return (
    installed !== undefined &&
    wanted !== undefined &&
    Object.entries(wanted).every(([path, { version, optional }]) => {
      if (path === '' || (optional && !installed[path])) return true;
      return installed[path]?.version === version;
    })
  );
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** The npm that started this script, or else the one on the path. */
function npm() {
  const script = process.env.npm_execpath;
  if (script && basename(script) === 'npm-cli.js') return [process.execPath, script];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
