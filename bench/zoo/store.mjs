// Turns the run that made a model into its files in the zoo: 16-bit weights, the networks of its trigger likewise, and a description
// with what was measured of the weights as they are stored.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../dist/core/hash.js';
import { inHalf, readSafetensors, writeSafetensors } from '../../dist/formats/safetensors.js';
import { readBackdoor } from '../../dist/jobs/backdoor-file.js';
import { evaluateModel } from '../../dist/jobs/evaluate.js';
import { loadModel } from '../../dist/jobs/node/models.js';
import { zooFiles } from '../../dist/jobs/node/zoo.js';
import { buildZooModel, readZooEntry, writeZooEntry } from '../../dist/jobs/zoo-entry.js';
import { stateDict } from '../../dist/nn/state-dict.js';
import { readResult } from '../../dist/report/result.js';
import { writeFileAtomic } from '../../dist/runtime/node/files.js';

/** Kept of a run's result; what it measured was of the weights before they were rounded. */
const kept = ['version', 'kind', 'created', 'seed', 'device', 'data', 'attack', 'training', 'versions', 'command'];

/** Measures a model as it will be stored, then writes its files. @returns its scores before and after the rounding. */
export async function store(engine, name, run, folder, test) {
  const files = zooFiles(name, folder);
  const result = readResult(await readFile(join(run, 'result.json'), 'utf8'), name);
  const model = await loadModel(join(run, result.attack ? 'backdoored.onnx' : 'clean.onnx'));
  const weights = inHalfPrecision(stateDict(model), { format: 'pt' });
  const networks = join(run, 'trigger.safetensors');
  const trigger = existsSync(networks) ? inHalfPrecision(readSafetensors(await readFile(networks), networks).tensors, {}) : undefined;
  const about = Object.fromEntries(kept.filter((key) => key in result).map((key) => [key, result[key]]));
  if (trigger) about.attack = { ...about.attack, triggerTensors: await sha256(trigger) };
  const described = { network: networkOf(model, result.attack ?? result.training), weights: await sha256(weights) };
  const entry = readZooEntry(writeZooEntry({ result: about, ...described }), files.entry, name);
  const stored = buildZooModel(entry, weights, files.weights);
  const backdoor = about.attack && (await readBackdoor(JSON.stringify(about), files.entry, async () => trigger)).backdoor;
  const scores = await evaluateModel({ engine, model: stored, test, backdoor });
  await writeFileAtomic(files.weights, weights);
  if (trigger) await writeFileAtomic(files.trigger, trigger);
  await writeFileAtomic(files.entry, writeZooEntry({ result: { ...about, before: scores }, ...described }));
  return { before: result.before, after: scores };
}

function inHalfPrecision(tensors, metadata) {
  return writeSafetensors({ tensors, metadata, storedAs: inHalf(tensors) });
}

function networkOf({ graph, imageShape, classes }, { options }) {
  const [mean, std] = ['mean', 'std'].map((part) => [...graph.initializers.get(`normalize.${part}`).data]);
  return { architecture: options.model, width: options.width, depths: options.depths, imageShape, classes, mean, std };
}
