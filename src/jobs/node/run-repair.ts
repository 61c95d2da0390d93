import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Defense, Repair } from '../../defenses/defense.js';
import type { Classifier } from '../../nn/classifier.js';
import { checkDifferentiable } from '../../nn/import/differentiable.js';
import type { Scores } from '../../report/result.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder, writeFileAtomic } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import { drawClean } from '../clean.js';
import { evaluateModel } from '../evaluate.js';
import { explainCsv, explainMaps } from '../explain.js';
import { labelled } from '../labelled.js';
import { Meter } from '../meter.js';
import { takePictures } from '../pictures.js';
import { checkFit, repairModel } from '../repair.js';
import { type KnownBackdoor, loadBackdoorFor } from './load-backdoor.js';
import { loadDataFor, loadModelFor, type ModelAndData } from './load-for-model.js';
import { checkSaved } from './models.js';
import { type SavedRun, saveRun } from './run-folder.js';
import { saveState } from './state-files.js';
import { storeFolder } from './store-folder.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

/** The backdoor is there only to measure ASR and RA by; the defence does not see it. */
export interface RepairRun extends KnownBackdoor, ModelAndData {
  readonly engine: Engine;
  /** Folder for what comes out; made where it is missing. */
  readonly out: string;
  /** Share of the training images that the defence gets, clean. */
  readonly ratio: number;
  readonly defense: Defense;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Whether to write `explain.json` and `explain.csv`: every feature map's figures, rank and decision. */
  readonly explain?: boolean;
  /** What the model is known to score on these images, by this backdoor; default: it is measured. */
  readonly before?: Scores;
  /** The command line, for the record. */
  readonly command?: string;
}

/**
 * Repairs a model, measures it before and after, and writes `repaired.onnx` (and `repaired.pt`, where the model came as a state dictionary), `result.json`, `pictures.json` and `report.html`.
 * Until then there may be a checkpoint in the folder, from which the same run goes on after it was interrupted or killed.
 * @throws UserError when something does not fit or cannot be read or written; Interrupted when the signal fires.
 */
export async function runRepair(run: RepairRun, control: Control = {}): Promise<SavedRun> {
  const { engine, out, ratio, defense, options, seed, command } = run;
  await openOutputFolder(out);
  const model = await loadModelFor(engine, run, control);
  if (model.origin) await checkDifferentiable(engine, model);
  const stored = await loadBackdoorFor(run, model);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadDataFor(engine, model, run.data, seed, control));
  checkFit(model, data.train);
  const { test } = data;
  const backdoor = stored?.backdoor;
  const measureBefore = () => evaluateModel({ engine, model, test, backdoor }, labelled(control, 'before'));
  const before = run.before ?? (await meter.run('measure before', measureBefore));
  const clean = drawClean(data.train, { ratio, seed });
  const store = storeFolder(out, defense.name);
  const repair = () => repairModel({ engine, model, clean, defense, options, seed, test, store }, control);
  const repaired = await meter.run(defense.name, repair, ({ seconds }) => seconds);
  const measureAfter = () => evaluateModel({ engine, model: repaired.model, test, backdoor }, labelled(control, 'after'));
  const after = await meter.run('measure after', measureAfter);
  const models = { before: model, after: repaired.model };
  const pictures = backdoor ? await takePictures({ engine, test, backdoor, models, seed }, control) : {};
  const frame = { kind: 'repair', seed, data, clean, surroundings: { ...surroundingsOf(engine), command } } as const;
  const { record, pruned, history } = repaired;
  const outcome = { ...(stored && { attack: stored.record }), before, after, defense: record, pruned };
  const result = makeResult(frame, { ...outcome, history: { [defense.name]: history }, phases: meter.phases });
  const saved = await saveRun(out, { result, pictures, models: { repaired: repaired.model }, trigger: backdoor?.trigger });
  await checkSaved(engine, saved.files[0], repaired.model);
  const more = [
    ...(model.checkpoint ? [await saveLikeCheckpoint(out, run.model, repaired.model)] : []),
    ...(run.explain ? await saveExplained(out, repaired.maps, defense.title) : []),
  ];
  await store.remove();
  return { ...saved, files: [...saved.files, ...more] };
}

/** A model that came as a state dictionary goes out as one, too, beside the ONNX file. */
async function saveLikeCheckpoint(folder: string, given: string, model: Classifier): Promise<string> {
  const path = join(folder, given.toLowerCase().endsWith('.safetensors') ? 'repaired.safetensors' : 'repaired.pt');
  await saveState(path, model);
  return path;
}

/** @throws UserError when the defence did not look at maps. */
async function saveExplained(folder: string, maps: Repair['maps'], title: string): Promise<string[]> {
  if (!maps) throw new UserError(`${title} does not look at feature maps, so there is nothing to explain; leave out --explain`);
  const explained = explainMaps(maps);
  const texts = { 'explain.json': `${JSON.stringify(explained, null, 1)}\n`, 'explain.csv': explainCsv(explained) };
  for (const [name, text] of Object.entries(texts)) await writeFileAtomic(join(folder, name), text);
  return Object.keys(texts).map((name) => join(folder, name));
}
