// Trains one model of the zoo by the command line, in a folder of its own; a training that was killed goes on from its last epoch.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readResult } from '../../dist/report/result.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The arguments of the command that makes a model, but for where things lie. */
export function argumentsOf({ run }) {
  return [...run.split(' '), '--seed', '0', '--device', 'cpu'];
}

/** Whether a run's result is of just this recipe; one of a recipe that has changed since is replaced. */
async function isDone(recipe, result) {
  if (!existsSync(result)) return false;
  return readResult(await readFile(result, 'utf8'), result).command.startsWith(`antidote ${argumentsOf(recipe).join(' ')} `);
}

/** The folder of a model's run; made, and its model trained there, if it holds none yet. */
export async function trained(recipe, folder) {
  const out = join(folder, recipe.name);
  if (await isDone(recipe, join(out, 'result.json'))) return out;
  await mkdir(out, { recursive: true });
  const given = [...argumentsOf(recipe), '--out', out];
  if (recipe.from) given.push('--clean-model', join(folder, recipe.from, 'clean.onnx'));
  if (recipe.run.startsWith('attack')) given.push('--poisoned-images', '0');
  const log = await open(join(out, 'log.txt'), 'a');
  try {
    const child = spawn(process.execPath, [main, ...given], { stdio: ['ignore', log.fd, log.fd] });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
    if (code !== 0) throw new Error(`${recipe.name}: the training ended with ${code}; ${join(out, 'log.txt')} says why`);
  } finally {
    await log.close();
  }
  return out;
}
