import type { Control } from '../../core/progress.js';
import type { Result } from '../../report/result.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import { evaluateModel } from '../evaluate.js';
import { Meter } from '../meter.js';
import { takePictures } from '../pictures.js';
import { type KnownBackdoor, loadBackdoorFor } from './load-backdoor.js';
import { loadDataFor, loadModelFor, type ModelAndData } from './load-for-model.js';
import { saveRun } from './run-folder.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

/** Where no backdoor is known, only ACC is measured. */
export interface EvaluateRun extends KnownBackdoor, ModelAndData {
  readonly engine: Engine;
  /** Folder for `result.json`, `pictures.json` and `report.html`; without it nothing is written. */
  readonly out?: string;
  readonly seed: number;
  /** The command line, for the record. */
  readonly command?: string;
}

/**
 * Measures a model on the test images.
 * @returns the result, and the paths of the files that were written.
 * @throws UserError when something does not fit or cannot be read or written; Interrupted when the signal fires.
 */
export async function runEvaluate(run: EvaluateRun, control: Control = {}): Promise<{ result: Result; files: readonly string[] }> {
  const { engine, out, seed, command } = run;
  if (out !== undefined) await openOutputFolder(out);
  const model = await loadModelFor(engine, run, control);
  const stored = await loadBackdoorFor(run, model);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadDataFor(engine, model, run.data, seed, control));
  const { test } = data;
  const before = await meter.run('measure', () => evaluateModel({ engine, model, test, backdoor: stored?.backdoor }, control));
  const frame = { kind: 'evaluate', seed, data, surroundings: { ...surroundingsOf(engine), command } } as const;
  const result = makeResult(frame, { ...(stored && { attack: stored.record }), before, phases: meter.phases });
  if (out === undefined) return { result, files: [] };
  const models = { before: model };
  const pictures = stored ? await takePictures({ engine, test, backdoor: stored.backdoor, models, seed }, control) : {};
  return saveRun(out, { result, pictures, models: {}, trigger: stored?.backdoor.trigger });
}
