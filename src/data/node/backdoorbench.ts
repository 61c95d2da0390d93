import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { type BackdoorBenchRecord, type PoisonedSet, readBackdoorBench } from '../../formats/backdoorbench.js';
import { openFileSource } from '../../formats/node/file-source.js';
import { readFileBounded } from '../../runtime/node/files.js';
import type { Dataset } from '../dataset.js';
import { decodeAll } from './decode-all.js';

const RESULT = 'attack_result.pt';
/** Most bytes of a picture's file. */
const MAX_PICTURE = 2 ** 26;

/** A record of BackdoorBench on the disk. */
export interface RecordFolder {
  readonly record: BackdoorBenchRecord;
  /** Where the pictures are looked for. */
  readonly folder: string;
}

/** Pictures with the trigger, as an attack is judged on them. Position i means the same image throughout. */
export interface TriggeredPictures {
  /** Their labels are what the attacker wants. */
  readonly dataset: Dataset;
  /** True labels. */
  readonly originals: Int32Array;
  /** Positions in the clean data set. */
  readonly indices: Int32Array;
}

/**
 * Opens a record of BackdoorBench: the folder, or the `attack_result.pt` in it.
 * @throws UserError when there is none, or it is damaged; see {@link readBackdoorBench}.
 */
export async function openRecord(path: string): Promise<RecordFolder> {
  const status = await stat(path).catch(() => undefined);
  const file = status?.isDirectory() ? join(path, RESULT) : path;
  const source = openFileSource(file);
  try {
    return { record: readBackdoorBench(source, file), folder: dirname(file) };
  } finally {
    source.close();
  }
}

/**
 * Reads the pictures with the trigger of a record. They are looked for in the record's folder by class and number, so that it
 * can have been moved; nothing outside of it is read.
 * @param part which: those for judging the attack, or those among the training images.
 * @param classes names of the classes; numbers unless given.
 * @throws UserError when a picture is missing, damaged or of another size, or the record does not keep that part.
 */
export async function readTriggered(
  { record, folder }: RecordFolder,
  part: 'train' | 'test',
  control: Control = {},
  classes: readonly string[] = Array.from({ length: record.classes }, (_, label) => String(label)),
): Promise<TriggeredPictures> {
  const set: PoisonedSet | undefined = record[part];
  if (!set) throw new UserError(`'${folder}' keeps no training images, as its attack makes them anew all the time; use the test images`);
  const [channels, height, width] = record.imageShape;
  const pictures = set.poisoned.map(({ file }) => {
    const where = join(folder, file);
    return { where, read: () => readFileBounded(where, MAX_PICTURE) };
  });
  const planes = await decodeAll(pictures, { size: [height, width], resize: false }, control);
  const dataset: Dataset = {
    name: record.dataset,
    split: `${part}, triggered`,
    classes,
    imageShape: record.imageShape,
    images: channels === 1 ? firstPlanes(planes, height * width) : planes,
    labels: Int32Array.from(set.poisoned, ({ label }) => label),
    checksums: {},
    origin: `the BackdoorBench record '${folder}'`,
  };
  const originals = Int32Array.from(set.poisoned, ({ originalLabel }) => originalLabel);
  return { dataset, originals, indices: Int32Array.from(set.poisoned, ({ index }) => index) };
}

/** One of the three equal planes of each grey picture. */
function firstPlanes(planes: Uint8Array, area: number): Uint8Array {
  const first = new Uint8Array(planes.length / 3);
  for (let start = 0; start < first.length; start += area) first.set(planes.subarray(3 * start, 3 * start + area), start);
  return first;
}
