import { join } from 'node:path';
import type { z } from 'zod';
import type { Control } from '../../core/progress.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import type { DataOptions } from '../data-options.js';
import { Meter } from '../meter.js';
import type { networkOptions } from '../network.js';
import { trainClean } from '../train-clean.js';
import type { trainingOptions } from '../training-options.js';
import { checkpointFile } from './checkpoint-file.js';
import { loadData } from './load-data.js';
import { type SavedRun, saveRun } from './run-folder.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

export interface TrainRun {
  readonly engine: Engine;
  /** Folder for what comes out; made where it is missing. */
  readonly out: string;
  readonly data: DataOptions;
  readonly network: z.input<typeof networkOptions>;
  readonly training: z.input<typeof trainingOptions>;
  readonly seed: number;
  /** The command line, for the record. */
  readonly command?: string;
}

/**
 * Trains a clean model and writes `clean.onnx`, `result.json`, `pictures.json` and `report.html`. While it trains there is a
 * checkpoint in the folder, from which the same run goes on after it was interrupted or killed.
 * @throws UserError when something does not fit or cannot be read or written; Interrupted when the signal fires.
 */
export async function runTrain(run: TrainRun, control: Control = {}): Promise<SavedRun> {
  const { engine, out, network, training, seed, command } = run;
  await openOutputFolder(out);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadData(run.data, seed, control));
  const checkpoints = checkpointFile(join(out, 'training.checkpoint'));
  const work = () => trainClean({ engine, data, network, training, seed, checkpoints }, control);
  const { model, scores, history, record } = await meter.run('train', work);
  const frame = { kind: 'train', seed, data, surroundings: { ...surroundingsOf(engine), command } } as const;
  const result = makeResult(frame, { training: record, before: scores, history: { train: history }, phases: meter.phases });
  const saved = await saveRun(out, { result, pictures: {}, models: { clean: model } });
  await checkpoints.remove();
  return saved;
}
