import type { Control } from '../../core/progress.js';
import type { Detector } from '../../detectors/detector.js';
import type { SuspectPicture } from '../../report/pictures.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import { drawClean } from '../clean.js';
import { evaluateModel } from '../evaluate.js';
import { labelled } from '../labelled.js';
import { Meter } from '../meter.js';
import { detectionRecord, pictureSuspect, type Scanned, scanModel } from '../scan.js';
import { loadDataFor, loadModelFor, type ModelAndData } from './load-for-model.js';
import { type SavedRun, saveRun } from './run-folder.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

export interface ScanRun extends ModelAndData {
  readonly engine: Engine;
  /** Folder for what comes out; made where it is missing. */
  readonly out: string;
  /** Share of the training images that detectors get, clean. */
  readonly ratio: number;
  readonly detectors: readonly Detector[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** The command line, for the record. */
  readonly command?: string;
}

/**
 * Looks whether a model is backdoored, and writes `result.json`, `pictures.json` and `report.html`.
 * @throws UserError when something does not fit or cannot be read or written; Interrupted when the signal fires.
 */
export async function runScan(run: ScanRun, control: Control = {}): Promise<SavedRun> {
  const { engine, out, ratio, detectors, options, seed, command } = run;
  await openOutputFolder(out);
  const model = await loadModelFor(engine, run, control);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadDataFor(engine, model, run.data, seed, control));
  const { test } = data;
  const before = await meter.run('measure', () => evaluateModel({ engine, model, test }, labelled(control, 'model')));
  const clean = drawClean(data.train, { ratio, seed });
  const seconds = ({ detections }: Scanned) => Object.fromEntries(detections.map((found) => [found.detector.title, found.seconds]));
  const scanned = await meter.run('scan', () => scanModel({ engine, model, clean, detectors, options, seed }, control), seconds);
  const suspects: SuspectPicture[] = [];
  for (const finding of scanned.detections.flatMap(({ findings }) => findings)) {
    const taken = await pictureSuspect(clean, finding);
    if (taken) suspects.push(taken);
  }
  const frame = { kind: 'scan', seed, data, clean, surroundings: { ...surroundingsOf(engine), command } } as const;
  const result = makeResult(frame, { before, detection: detectionRecord(scanned), phases: meter.phases });
  return saveRun(out, { result, pictures: { suspects }, models: {} });
}
