// The backdoored models of a study, trained once and kept under runs/study/, and the images around them.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findAttack, triggerFrom } from '../../dist/attacks/registry.js';
import { Random } from '../../dist/core/random.js';
import { sizeOfDataset } from '../../dist/data/dataset.js';
import { findDataSource } from '../../dist/data/node/registry.js';
import { split, stratified } from '../../dist/data/sample.js';
import { checkpointFile } from '../../dist/jobs/node/checkpoint-file.js';
import { loadModel, saveModel } from '../../dist/jobs/node/models.js';
import { plantBackdoor } from '../../dist/jobs/plant.js';
import { writeFileAtomic } from '../../dist/runtime/node/files.js';
import { attackOptions, settings } from './settings.mjs';

const loaded = new Map();

/**
 * The images of one cell: the attacker's, the defender's (some of the attacker's as they were before poisoning), training
 * images that neither sees, and the test images.
 */
export async function imagesFor(data, seed, from) {
  if (!loaded.has(data)) loaded.set(data, await findDataSource(data).load({ from }));
  const { train, test } = loaded.get(data);
  const { images, clean, held } = settings[data];
  const random = new Random(seed).fork('study', data);
  const first = split(train, held / sizeOfDataset(train), random.fork('held out'));
  const share = images / sizeOfDataset(first.rest);
  const attacker = share < 1 ? split(first.rest, share, random.fork('attacker')).held : first.rest;
  return { attacker, clean: stratified(attacker, { count: clean }, random.fork('clean')), held: first.held, test };
}

export const folderOf = (out, { data, attack, seed }) => join(out, data, `${attack}-${seed}`);

/** The backdoored model of a cell, trained if there is none yet; a training that was killed goes on from its last epoch. */
export async function backdoored(engine, out, cell, images, progress) {
  const { data, attack, seed } = cell;
  const folder = folderOf(out, cell);
  const [file, record] = ['backdoored.onnx', 'backdoor.json'].map((name) => join(folder, name));
  if (!existsSync(record)) {
    await mkdir(folder, { recursive: true });
    const { network, training } = settings[data];
    const checkpoints = checkpointFile(join(folder, 'checkpoint.safetensors'));
    const planted = await plantBackdoor(
      {
        engine,
        data: { train: images.attacker, test: images.held },
        attack: findAttack(attack),
        attackOptions: attackOptions[attack],
        network,
        training,
        seed,
        checkpoints,
      },
      { progress },
    );
    await saveModel(file, planted.model);
    const { backdoor, seconds, record: about, history } = planted;
    const told = { trigger: backdoor.trigger.description, labelMap: backdoor.labelMap, seconds, about, history };
    await writeFileAtomic(record, `${JSON.stringify(told)}\n`);
    await checkpoints.remove();
  }
  const { trigger, labelMap, seconds } = JSON.parse(await readFile(record, 'utf8'));
  return { model: await loadModel(file), backdoor: { trigger: triggerFrom(trigger), labelMap }, seconds };
}
