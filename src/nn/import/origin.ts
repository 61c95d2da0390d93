import { sizeOf, type Tensor } from '../../core/tensor.js';
import type { ExternalData } from '../../onnx/external.js';
import type { ValueInfo } from '../../onnx/graph.js';
import type { StoredWeight } from '../../onnx/import/views.js';
import { type PatchedModel, patchModel } from '../../onnx/patch.js';
import type { Classifier } from '../classifier.js';
import type { PixelConvention } from './convention.js';
import type { Squashing } from './head.js';
import { PREFIX } from './names.js';

/** A model file as it was found. */
export interface ModelFile {
  /** Its name, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The files beside it in which it keeps tensors. */
  readonly external?: ExternalData;
}

/** Where a classifier comes from, and how its parameters get back there. */
export interface Origin {
  readonly file: ModelFile;
  readonly input: ValueInfo;
  readonly output: string;
  readonly convention: PixelConvention;
  /** What the file does to the logits. */
  readonly squashing: Squashing;
  /** Images at a time with which the file itself is run. */
  readonly batch: number;
  /** Parameters as they were read. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** How those are stored that the file holds in another form. */
  readonly stored: ReadonlyMap<string, StoredWeight>;
  /** How far results may differ from the file's own, relative to the largest of them. */
  readonly tolerance: number;
}

/**
 * The file that a classifier came from, with the weights that the classifier has now, and else as it was.
 * @param location what the file beside it will be called, for a model that keeps tensors outside.
 */
export function encodeLikeOrigin({ graph }: Classifier, origin: Origin, location: string): PatchedModel {
  const { file, initial, stored } = origin;
  const changed = new Map<string, Tensor>();
  for (const [name, value] of graph.initializers) {
    const before = initial.get(name);
    if (before === value || (before && isEqual(before, value))) continue;
    const { name: place, restore } = stored.get(name) ?? { name, restore: (same: Tensor) => same };
    if (!before || !place.startsWith(PREFIX)) throw new Error(`${file.name}: '${name}' was changed, but is no tensor of the file`);
    changed.set(place.slice(PREFIX.length), restore(value));
  }
  return patchModel(file.bytes, changed, { file: file.name, external: file.external, location });
}

/** How many numbers a model has learned. */
export function countParameters(graph: { readonly initializers: ReadonlyMap<string, Tensor> }, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)?.dims ?? []), 0);
}

function isEqual(a: Tensor, b: Tensor): boolean {
  return a.data.length === b.data.length && (a.data as Float32Array).every((value, i) => Object.is(value, b.data[i]));
}
