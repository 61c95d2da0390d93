import { UserError } from '../core/errors.js';
import { NumpyArray, numpyGlobals } from '../formats/numpy/pickled.js';
import { unpickle } from '../formats/pickle/unpickle.js';
import { quoted, type Value } from '../formats/pickle/values.js';

/** Bytes of an image: 32 x 32 pixels as planes of red, green and blue. */
export const CIFAR_PIXELS = 3 * 32 * 32;

/** Labelled images of one file. */
export interface CifarBatch {
  readonly labels: Int32Array;
  /** [count, 3, 32, 32], 0..255. */
  readonly images: Uint8Array;
}

/**
 * Parses a file of CIFAR's binary form: records of the label's bytes and 3,072 of pixels.
 * @param classes K; labels must be in 0..K-1.
 * @param labelBytes 1 for CIFAR-10; 2 for CIFAR-100, where the second is the fine label, which is the one that is used.
 * @param file its name, for messages.
 * @throws UserError with the offset when the last record is incomplete or a label is too large.
 */
export function parseCifarBinary(bytes: Uint8Array, classes: number, labelBytes: 1 | 2, file: string): CifarBatch {
  const record = labelBytes + CIFAR_PIXELS;
  const count = Math.floor(bytes.length / record);
  if (count === 0 || bytes.length % record !== 0) {
    const problem = `its last record, at byte ${count * record}, has ${bytes.length % record} of ${record} bytes`;
    throw new UserError(`'${file}' is truncated or in another format: ${problem}; get it again`);
  }
  const labels = new Int32Array(count);
  const images = new Uint8Array(count * CIFAR_PIXELS);
  for (let i = 0; i < count; i++) {
    const at = i * record + labelBytes;
    labels[i] = bytes[at - 1];
    if (labels[i] >= classes) {
      throw new UserError(
        `'${file}' is damaged: at byte ${at - 1} it has the label ${labels[i]}, expected 0 to ${classes - 1}; get it again`,
      );
    }
    images.set(bytes.subarray(at, at + CIFAR_PIXELS), i * CIFAR_PIXELS);
  }
  return { labels, images };
}

/**
 * Reads a file of CIFAR's Python form, a pickled dictionary with the images in `data`, without running any of it.
 * @param classes K; labels must be in 0..K-1.
 * @param key of the labels: `labels` in CIFAR-10, `fine_labels` in CIFAR-100.
 * @param file its name, for messages.
 * @throws UserError when the pickle asks for anything but arrays and plain data, or holds something else than images.
 */
export function parseCifarPython(bytes: Uint8Array, classes: number, key: 'labels' | 'fine_labels', file: string): CifarBatch {
  const content = unpickle(bytes, file, { globals: numpyGlobals, remedy: 'get the published file' });
  const wrong = (problem: string) => new UserError(`'${file}' is no file of CIFAR images: ${problem}; get the published file`);
  if (!(content instanceof Map)) throw wrong('it holds no dictionary');
  const data = content.get('data');
  if (!(data instanceof NumpyArray)) throw wrong(`${quoted('data')} is no array`);
  const images = data.toTensor();
  const [count, pixels, ...rest] = images.dims;
  if (images.type !== 'uint8' || pixels !== CIFAR_PIXELS || rest.length > 0) {
    throw wrong(`${quoted('data')} is ${images.type} [${images.dims.join(', ')}], expected uint8 [count, ${CIFAR_PIXELS}]`);
  }
  return { labels: labelsOf(content.get(key), count, classes, key, wrong), images: images.data as Uint8Array };
}

function labelsOf(
  value: Value | undefined,
  count: number,
  classes: number,
  key: string,
  wrong: (problem: string) => UserError,
): Int32Array {
  if (!Array.isArray(value)) throw wrong(`it has no list of ${quoted(key)}`);
  if (value.length !== count) throw wrong(`it has ${value.length} ${quoted(key)} for ${count} images`);
  const bad = value.findIndex((label) => !(Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes));
  if (bad >= 0) throw wrong(`the label of image ${bad} is not a number from 0 to ${classes - 1}`);
  return Int32Array.from(value as number[]);
}

/** The images of several files, one behind the other. */
export function joinBatches(batches: readonly CifarBatch[]): CifarBatch {
  const count = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const labels = new Int32Array(count);
  const images = new Uint8Array(count * CIFAR_PIXELS);
  let at = 0;
  for (const batch of batches) {
    labels.set(batch.labels, at);
    images.set(batch.images, at * CIFAR_PIXELS);
    at += batch.labels.length;
  }
  return { labels, images };
}
