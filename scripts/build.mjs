// Compiles src/ into dist/ and removes what deleted sources have left behind there, so that no test of the past runs.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles the project. Returns false, after the compiler has printed why, when there are errors. */
export function build() {
  removeLeftovers();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, error } = spawnSync(process.execPath, [compiler, '--project', root], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  return status === 0;
}

function removeLeftovers() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const [, name] = /^(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(file) ?? [];
    if (name !== undefined && !existsSync(join(root, 'src', `${name}.ts`))) rmSync(join(dist, file));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = build() ? 0 : 1;
