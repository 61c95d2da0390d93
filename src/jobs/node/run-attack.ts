import { join } from 'node:path';
import type { z } from 'zod';
import type { Attack } from '../../attacks/attack.js';
import type { Control } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import { readImage } from '../../data/node/read-image.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import type { DataOptions } from '../data-options.js';
import { Meter } from '../meter.js';
import type { networkOptions } from '../network.js';
import { takePictures } from '../pictures.js';
import { plantBackdoor } from '../plant.js';
import { poisonedPictures } from '../poisoned-pictures.js';
import type { trainingOptions } from '../training-options.js';
import { checkpointFile } from './checkpoint-file.js';
import { loadData } from './load-data.js';
import { loadRunnableModel } from './models.js';
import { preparationCache } from './preparation-cache.js';
import { type SavedRun, saveRun } from './run-folder.js';
import { savePoisoned } from './save-poisoned.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

export interface AttackRun {
  readonly engine: Engine;
  /** Folder for what comes out; made where it is missing. */
  readonly out: string;
  readonly data: DataOptions;
  readonly attack: Attack;
  readonly attackOptions: Readonly<Record<string, unknown>>;
  readonly network: z.input<typeof networkOptions>;
  readonly training: z.input<typeof trainingOptions>;
  /** ONNX file of a clean model, for attacks that start from one. */
  readonly cleanModel?: string;
  /** How many poisoned training images to write, from 0. */
  readonly poisonedImages: number;
  readonly seed: number;
  /** The command line, for the record. */
  readonly command?: string;
}

/**
 * Plants a backdoor and writes `backdoored.onnx`, `result.json`, `pictures.json`, `report.html`, some poisoned training images into
 * `poisoned`, and `trigger.safetensors` where a network makes the trigger. While it trains there is
 * a checkpoint in the folder, from which the same run goes on after it was interrupted or killed.
 * @throws UserError when something does not fit or cannot be read or written; Interrupted when the signal fires.
 */
export async function runAttack(run: AttackRun, control: Control = {}): Promise<SavedRun> {
  const { engine, out, attack, attackOptions, network, training, seed, command } = run;
  await openOutputFolder(out);
  const cleanModel = run.cleanModel === undefined ? undefined : await loadRunnableModel(engine, run.cleanModel, {}, control);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadData(run.data, seed, control));
  const checkpoints = checkpointFile(join(out, 'training.checkpoint'));
  const others = { cleanModel, cache: preparationCache(), readImage };
  const plant = () => plantBackdoor({ engine, data, attack, attackOptions, network, training, seed, checkpoints, ...others }, control);
  const planted = await meter.run('attack', plant, ({ seconds }) => seconds);
  const { model, triggered, backdoor, scores, history, record } = planted;
  const { trigger } = backdoor;
  const { test } = data;
  const pictures = await takePictures({ engine, test, backdoor: triggered, models: { before: model }, seed }, control);
  const drawing = { engine, random: new Random(seed).fork('poisoned pictures'), count: run.poisonedImages };
  const poisoned = await savePoisoned(out, await poisonedPictures(data.train, planted.poisoned, trigger, drawing));
  const frame = { kind: 'attack', seed, data, surroundings: { ...surroundingsOf(engine), command } } as const;
  const attacked = run.cleanModel === undefined ? record : { ...record, options: { clean_model: run.cleanModel, ...record.options } };
  const result = makeResult(frame, { attack: attacked, before: scores, history: { attack: history }, phases: meter.phases });
  const saved = await saveRun(out, { result, pictures, models: { backdoored: model }, trigger });
  await checkpoints.remove();
  return { ...saved, files: [...saved.files, ...poisoned] };
}
