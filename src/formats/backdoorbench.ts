import { UserError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { asSource, type ByteSource } from './byte-source.js';
import { type Checkpoint, readTensors, readTorch } from './checkpoint.js';
import { NumpyArray } from './numpy/pickled.js';
import { type Key, kindOf, quoted, textOf, type Value } from './pickle/values.js';
import { findState } from './torch/find-state.js';

/** What BackdoorBench's `attack_result.pt` (second layout) says of an attack. */
export interface BackdoorBenchRecord {
  /** BackdoorBench's name of the network: `preactresnet18`. */
  readonly modelName: string;
  /** K. */
  readonly classes: number;
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  /** Name of the clean data set: `cifar10`. */
  readonly dataset: string;
  readonly tensors: Checkpoint['tensors'];
  readonly storedAs: Checkpoint['storedAs'];
  readonly strippedPrefix?: string;
  /** The training images; undefined for attacks that do not keep them. */
  readonly train?: PoisonedSet;
  /** The test images with the trigger. */
  readonly test: PoisonedSet;
}

/** A data set of which some images carry the trigger. The others are not stored: they are those of the clean data set. */
export interface PoisonedSet {
  /** For each position, the image's index in the clean data set. */
  readonly originalIndex: Int32Array;
  /** Those images that carry the trigger, in the order of their positions. */
  readonly poisoned: readonly PoisonedImage[];
}

export interface PoisonedImage {
  /** In the clean data set. */
  readonly index: number;
  /** The class that the attacker wants, 0..K-1. */
  readonly label: number;
  /** The class that the picture shows, 0..K-1. */
  readonly originalLabel: number;
  /**
   * Where the picture is, from the record's folder: `bd_test_dataset/3/17.png`. Made of the numbers alone: the path that the
   * record holds is that of the machine it was made on.
   */
  readonly file: string;
}

/**
 * Reads BackdoorBench's `attack_result.pt`.
 * @param file its name, for messages.
 * @throws UserError when it is no such record, holds its pictures inside (the first layout), or is damaged.
 */
export function readBackdoorBench(content: Uint8Array | ByteSource, file: string): BackdoorBenchRecord {
  const source = asSource(content);
  const { value } = readTorch(source, file);
  const reader = new RecordReader(file);
  const record = reader.dictionary(value, 'the record');
  const [classes, shape] = [reader.whole(record.get('num_classes'), 'num_classes'), reader.wholes(record.get('img_size'), 'img_size')];
  if (shape.length !== 3) throw reader.refuse(`img_size has ${shape.length} numbers`);
  const { tensors, strippedPrefix } = findState(value, file, 'model');
  const train = record.get('bd_train');
  return {
    modelName: reader.text(record.get('model_name'), 'model_name'),
    classes,
    imageShape: [shape[2], shape[0], shape[1]],
    dataset: reader.text(record.get('clean_data'), 'clean_data'),
    ...readTensors(tensors, source.size, file),
    ...(strippedPrefix !== undefined && { strippedPrefix }),
    ...(train !== null && train !== undefined && { train: reader.poisonedSet(train, 'bd_train', classes) }),
    test: reader.poisonedSet(record.get('bd_test'), 'bd_test', classes),
  };
}

/** Takes values out of a record and says what is wrong with those that are not as expected. */
class RecordReader {
  constructor(readonly file: string) {}

  refuse(why: string): UserError {
    return new UserError(`${this.file}: ${why}; give an attack_result.pt of a current BackdoorBench`);
  }

  poisonedSet(value: Value | undefined, name: string, classes: number): PoisonedSet {
    const set = this.dictionary(value, name);
    if (set.has('x')) throw this.refuse(`${name} holds its pictures inside, as BackdoorBench's first layout did`);
    const container = this.dictionary(set.get('bd_data_container'), `${name}.bd_data_container`);
    if (container.get('save_folder_path') === null)
      throw this.refuse(`${name} holds its pictures inside, as it was never saved to a folder`);
    const format = this.text(container.get('save_file_format') ?? '.png', `${name}.save_file_format`);
    if (format !== '.png') throw this.refuse(`the pictures of ${name} are ${quoted(format)} files, not .png`);
    const described = this.dictionary(container.get('data_dict'), `${name}.data_dict`);
    const indicator = this.array(set.get('poison_indicator'), `${name}.poison_indicator`);
    const originalIndex = this.array(set.get('original_index_array'), `${name}.original_index_array`);
    const poisoned: PoisonedImage[] = [];
    const seen = Int32Array.from(originalIndex.data as ArrayLike<number>, Number);
    for (const [position, index] of seen.entries()) {
      if (index < 0 || index >= indicator.data.length)
        throw this.refuse(`position ${position} of ${name} is image ${index}, which does not exist`);
      if (Number(indicator.data[index]) !== 0) poisoned.push(this.image(described.get(index), index, name, classes));
    }
    return { originalIndex: seen, poisoned };
  }

  image(value: Value | undefined, index: number, name: string, classes: number): PoisonedImage {
    const what = `image ${index} of ${name}`;
    const [label, originalLabel] = this.wholes(this.dictionary(value, what).get('other_info'), what);
    for (const found of [label, originalLabel]) {
      if (!(found < classes)) throw this.refuse(`${what} has the class ${found}, expected 0 to ${classes - 1}`);
    }
    return { index, label, originalLabel, file: `${name}_dataset/${originalLabel}/${index}.png` };
  }

  dictionary(value: Value | undefined, what: string): ReadonlyMap<Key, Value> {
    if (!(value instanceof Map)) throw this.refuse(`${what} is ${kindOf(value)}, not a dictionary`);
    return value;
  }

  text(value: Value | undefined, what: string): string {
    const text = textOf(value);
    if (text === undefined) throw this.refuse(`${what} is ${kindOf(value)}, not text`);
    return text;
  }

  whole(value: Value | undefined, what: string): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.refuse(`${what} is no whole number`);
    return value;
  }

  wholes(value: Value | undefined, what: string): number[] {
    if (!Array.isArray(value)) throw this.refuse(`${what} has no list of numbers`);
    return value.map((item) => this.whole(item, what));
  }

  array(value: Value | undefined, what: string): Tensor {
    const array = value instanceof NumpyArray ? value.toTensor() : undefined;
    if (array?.dims.length !== 1) throw this.refuse(`${what} is no array of numbers`);
    return array;
  }
}
