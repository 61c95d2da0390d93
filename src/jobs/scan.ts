import type { z } from 'zod';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import { type Dataset, imageAt } from '../data/dataset.js';
import type { Detector } from '../detectors/detector.js';
import { type Judged, judge, type Verdict, verdictOf } from '../detectors/verdict.js';
import type { Classifier } from '../nn/classifier.js';
import { unitPixels } from '../nn/pixels.js';
import type { SuspectPicture } from '../report/pictures.js';
import type { DetectionRecord } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';
import { parseOptions } from './options.js';
import { png } from './pictures.js';
import { checkFit } from './repair.js';

/** What is looked at, and how. */
export interface ScanTask {
  readonly engine: Engine;
  readonly model: Classifier;
  /** Clean, correctly labelled images. */
  readonly clean: Dataset;
  readonly detectors: readonly Detector[];
  /** Options of all detectors; default: their own defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Any integer; default 0. */
  readonly seed?: number;
}

/** What one detector said. */
export interface Detection {
  readonly detector: Detector;
  readonly options: Readonly<Record<string, unknown>>;
  readonly findings: readonly Judged[];
  readonly seconds: number;
}

export interface Scanned {
  readonly verdict: Verdict;
  readonly detections: readonly Detection[];
}

/**
 * Asks every detector whether a model is backdoored. Nothing but the model and clean images is given to them.
 * @throws UserError when options, images and model do not fit each other; Interrupted when the signal fires.
 */
export async function scanModel(
  { engine, model, clean, detectors, options = {}, seed = 0 }: ScanTask,
  control: Control = {},
): Promise<Scanned> {
  checkFit(model, clean);
  const random = new Random(seed).fork('scan');
  const found: (Omit<Detection, 'findings'> & { findings: Awaited<ReturnType<Detector['detect']>> })[] = [];
  for (const detector of detectors) {
    const own = parseOptions(detector.options, pick(options, detector.options), detector.name);
    const started = performance.now();
    const findings = await detector.detect({ model, clean }, own, { engine, random: random.fork(detector.name), ...control });
    found.push({ detector, options: own, findings, seconds: (performance.now() - started) / 1000 });
  }
  // Chances are corrected for the number of all findings, so they are judged together.
  const judged = judge(found.flatMap(({ findings }) => findings));
  let next = 0;
  const detections = found.map((detection) => ({ ...detection, findings: detection.findings.map(() => judged[next++]) }));
  return { verdict: verdictOf(judged), detections };
}

/**
 * What a found trigger does to some image that is not of the class it leads to.
 * @returns undefined where the finding has no picture, or images are neither grey nor red-green-blue.
 */
export async function pictureSuspect(clean: Dataset, { apply, sought, target }: Judged): Promise<SuspectPicture | undefined> {
  if (!apply || ![1, 3].includes(clean.imageShape[0])) return undefined;
  const position = clean.labels.findIndex((label) => label !== target);
  if (position < 0) return undefined;
  const before = imageAt(clean, position);
  const changed = await apply(unitPixels(before, clean.imageShape));
  const after = Uint8Array.from(changed.data, (pixel) => Math.round(255 * Math.min(1, Math.max(0, pixel))));
  const difference = before.map((value, i) => Math.abs(value - after[i]));
  const [cleanPng, triggered, changes] = await Promise.all([before, after, difference].map((image) => png(clean, image)));
  return { sought, target, clean: cleanPng, triggered, difference: changes };
}

/** A scan as `result.json` records it. */
export function detectionRecord({ verdict, detections }: Scanned): DetectionRecord {
  const told = detections.map(({ detector, options, findings }) => ({
    method: detector.name,
    title: detector.title,
    options,
    findings: findings.map(({ apply: _, ...finding }) => finding),
  }));
  return { ...verdict, detectors: told };
}

function pick(options: Readonly<Record<string, unknown>>, schema: z.ZodObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in schema.shape));
}
