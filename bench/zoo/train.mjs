// Trains one model of the zoo by the command line, in a folder of its own; a training that was killed goes on from its last epoch.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../../dist/core/version.js';
import { sizeOfDataset } from '../../dist/data/dataset.js';
import { readResult, resultVersion } from '../../dist/report/result.js';
import { writeResult } from '../../dist/report/write.js';
import { writeFileAtomic } from '../../dist/runtime/node/files.js';
import { folderOf, imagesFor } from '../study/models.mjs';

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
  if (recipe.study) return studied(recipe.study, out);
  if (await isDone(recipe, join(out, 'result.json'))) return out;
  await mkdir(out, { recursive: true });
  const given = [...argumentsOf(recipe), '--out', out];
  if (recipe.from) given.push('--clean-model', join(folder, recipe.from, 'clean.onnx'));
  if (recipe.run.startsWith('attack')) given.push('--poisoned-images', '0');
  await run([main, ...given], join(out, 'log.txt'));
  return out;
}

/** Runs Node with what it prints going to a file. */
async function run(args, file) {
  const log = await open(file, 'a');
  try {
    const child = spawn(process.execPath, args, { stdio: ['ignore', log.fd, log.fd] });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
    if (code !== 0) throw new Error(`the training ended with ${code}; ${file} says why`);
  } finally {
    await log.close();
  }
}

/** A model of the study, with a result as a run of the command line leaves it. */
async function studied({ data, attack, seed }, out) {
  const flags = ['bench/study-train.mjs', '--data', data, '--attacks', attack, '--seeds', String(seed)];
  const folder = folderOf('runs/study', { data, attack, seed });
  const record = join(folder, 'backdoor.json');
  await mkdir(out, { recursive: true });
  if (!existsSync(record)) await run(flags, join(out, 'log.txt'));
  const { about } = JSON.parse(await readFile(record, 'utf8'));
  const { attacker, test } = await imagesFor(data, seed);
  const { name, classes, checksums } = attacker;
  const result = {
    version: resultVersion,
    kind: 'attack',
    created: (await stat(record)).mtime.toISOString(),
    seed,
    device: { kind: 'cpu' },
    data: { name, classes, checksums: { ...checksums, ...test.checksums }, train: sizeOfDataset(attacker), test: sizeOfDataset(test) },
    attack: about,
    versions: { antidote: version },
    command: `node ${flags.join(' ')}`,
  };
  await writeFileAtomic(join(out, 'result.json'), writeResult(result));
  await copyFile(join(folder, 'backdoored.onnx'), join(out, 'backdoored.onnx'));
  return out;
}
