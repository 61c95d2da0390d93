import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Trigger } from '../../attacks/attack.js';
import { sha256 } from '../../core/hash.js';
import { writeSafetensors } from '../../formats/safetensors.js';
import type { Classifier } from '../../nn/classifier.js';
import { renderReport } from '../../report/html.js';
import type { Pictures } from '../../report/pictures.js';
import { type Result, readResult } from '../../report/result.js';
import { writeResult } from '../../report/write.js';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import { TRIGGER_TENSORS } from '../backdoor-file.js';
import { decodePictures, encodePictures } from '../pictures-file.js';
import { saveModel } from './models.js';

/** What a job leaves behind. */
export interface Run {
  readonly result: Result;
  readonly pictures: Pictures;
  /** The trigger that the result describes; its tensors, where it has some, are written beside. */
  readonly trigger?: Trigger;
  /** Models by file name without `.onnx`. */
  readonly models: Readonly<Record<string, Classifier>>;
}

/** A job's result and where its files are. */
export interface SavedRun {
  readonly result: Result;
  readonly folder: string;
  /** Paths, models first. */
  readonly files: readonly string[];
}

const RESULT = 'result.json';
const PICTURES = 'pictures.json';
const REPORT = 'report.html';
/** More than the longest list of feature maps and the largest pictures take. */
const LIMIT = 2 ** 28;

/**
 * Writes models, `result.json`, `pictures.json` and `report.html` into a folder, which must exist.
 * @throws UserError when a file cannot be written.
 */
export async function saveRun(folder: string, { result: given, pictures, models, trigger }: Run): Promise<SavedRun> {
  const files: string[] = [];
  let result = given;
  if (trigger?.tensors && given.attack) {
    const bytes = writeSafetensors({ tensors: new Map(Object.entries(trigger.tensors)), metadata: {} });
    result = { ...given, attack: { ...given.attack, triggerTensors: await sha256(Uint8Array.from(bytes)) } };
    files.push(join(folder, TRIGGER_TENSORS));
    await writeFileAtomic(files[0], bytes);
  }
  for (const [name, model] of Object.entries(models)) {
    files.push(join(folder, `${name}.onnx`));
    await saveModel(files[files.length - 1], model);
  }
  const texts = { [RESULT]: writeResult(result), [PICTURES]: encodePictures(pictures), [REPORT]: renderReport(result, pictures) };
  for (const [name, text] of Object.entries(texts)) {
    files.push(join(folder, name));
    await writeFileAtomic(files[files.length - 1], text);
  }
  return { result, folder, files };
}

/**
 * Draws `report.html` anew from `result.json` and, where there is one, `pictures.json`.
 * @returns the report's path.
 * @throws UserError when a file is missing or malformed, or the report cannot be written.
 */
export async function renderRun(folder: string): Promise<string> {
  const resultPath = join(folder, RESULT);
  const picturesPath = join(folder, PICTURES);
  const result = readResult(await readText(resultPath), resultPath);
  const pictures = existsSync(picturesPath) ? decodePictures(await readText(picturesPath), picturesPath) : {};
  const report = join(folder, REPORT);
  await writeFileAtomic(report, renderReport(result, pictures));
  return report;
}

/**
 * Reads a text file such as a job writes.
 * @throws UserError when it is missing, unreadable or far too large.
 */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readFileBounded(path, LIMIT));
}
