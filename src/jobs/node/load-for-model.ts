import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { fitImages } from '../../data/fit.js';
import { dataSources } from '../../data/node/registry.js';
import type { DatasetParts } from '../../data/source.js';
import type { Classifier } from '../../nn/classifier.js';
import type { PixelOptions } from '../../nn/import/convention.js';
import type { Engine } from '../../runtime/engine.js';
import type { DataOptions } from '../data-options.js';
import { pixelHint } from '../pixel-hint.js';
import { isCheckpointName, loadCheckpointModel, noteCheckpoint } from './load-checkpoint.js';
import { loadData } from './load-data.js';
import { loadRunnableModel } from './models.js';
import { isZooReference, loadZooModel } from './zoo.js';

/** A model and the data that it is for. */
export interface ModelAndData {
  /** ONNX file, state dictionary, or `zoo:NAME`. */
  readonly model: string;
  /** For a state dictionary, the network that it was saved from; default: the one that fits. */
  readonly arch?: string;
  /** What the model wants of its images; default: what the file tells. */
  readonly pixels?: PixelOptions;
  readonly data: DataOptions;
}

/**
 * Reads a model; see {@link loadRunnableModel}, {@link loadCheckpointModel} and {@link loadZooModel}. One that takes images of any size gets them in the size in which the data
 * come: as the options say, or as the data set was published.
 */
export async function loadModelFor(
  engine: Engine,
  { model, arch, pixels, data }: ModelAndData,
  control: Control = {},
): Promise<Classifier> {
  const isCheckpoint = !isZooReference(model) && isCheckpointName(model);
  if (arch !== undefined && !isCheckpoint) throw new UserError(`${model}: only a state dictionary needs --arch; leave it out`);
  if (isZooReference(model)) {
    const [given] = Object.entries(pixels ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (given) throw new UserError(`${model} says itself which pixels it takes; leave out ${given}`);
    return loadZooModel(model);
  }
  const sized = { ...pixels, image_size: data.image_size, open_size: publishedSize(data) };
  if (!isCheckpoint) return loadRunnableModel(engine, model, sized, control);
  const found = loadCheckpointModel(model, { arch, pixels: sized });
  noteCheckpoint(found, control);
  return found.classifier;
}

/**
 * Loads data in the shape that a model takes. One's own images are resized where need be; those of a named data set for a
 * model that came from elsewhere, too. A model that was trained here has its own data set.
 * @throws UserError as {@link loadData} does, and when colours would be lost.
 */
export async function loadDataFor(
  engine: Engine,
  model: Classifier,
  options: DataOptions,
  seed: number,
  control: Control = {},
): Promise<DatasetParts> {
  const { imageShape } = model;
  const [, height, width] = imageShape;
  const own = publishedSize(options) === undefined;
  const size = options.image_size ?? (own && height === width ? height : undefined);
  const parts = await loadData({ ...options, image_size: size }, seed, control);
  if (!model.origin && !model.checkpoint) return parts;
  const { train, test } = parts;
  if (train.imageShape.slice(1).join() !== imageShape.slice(1).join()) {
    control.note?.(
      `the images of ${train.name} are resized from ${train.imageShape.slice(1).join(' x ')} to ${height} x ${width} pixels, as the model takes them`,
    );
  }
  const fitted = { train: fitImages(train, imageShape), test: fitImages(test, imageShape) };
  const hint = await pixelHint(engine, model, fitted.train);
  if (hint !== undefined) control.note?.(hint);
  return fitted;
}

/** Height and width of the images of a data set that is known by name. */
function publishedSize({ data }: DataOptions): number | undefined {
  const source = dataSources.find(({ name }) => name === data);
  return source && source.imageShape[1] === source.imageShape[2] ? source.imageShape[1] : undefined;
}
