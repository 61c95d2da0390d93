import { z } from 'zod';
import { sha256 } from '../../core/hash.js';
import { bytesOf } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { encodeClassifier } from '../../nn/onnx-file.js';
import type { DefenseStore } from '../defense.js';
import type { Margins } from './race-model.js';
import type { ScanImages } from './slices.js';
import type { Fate } from './tally.js';

/** What a scan found in a layer, and what a race learned of the images there. */
export interface ScannedLayer {
  readonly fates: readonly Fate[];
  readonly margins?: Margins;
}

/** Layers that a scan has finished. */
export interface FinishedLayers {
  get(layer: string): ScannedLayer | undefined;
  add(layer: string, found: ScannedLayer): Promise<void>;
}

const fate = z.object({ accuracy: z.number(), loss: z.number(), collapse: z.number(), images: z.int() });
const numbers = z.array(z.number());
const schema = z.object({
  key: z.string(),
  layers: z.record(z.string(), z.object({ fates: z.array(fate), margins: z.object({ mean: numbers, variance: numbers }).optional() })),
});

/**
 * Keeps what a scan has finished, layer by layer, so that one that was killed goes on where it was and ends with the same numbers.
 * What belongs to another scan, or is damaged, is not used.
 * @param name of the entry in the store.
 * @param key of the scan, see {@link scanKey}.
 */
export async function keepLayers(store: DefenseStore, name: string, key: string): Promise<FinishedLayers> {
  const layers = new Map(Object.entries(readLayers(await store.load(name), key)));
  return {
    get: (layer) => layers.get(layer),
    async add(layer, found) {
      layers.set(layer, found);
      const plain = Object.fromEntries(
        [...layers].map(([at, { fates, margins }]) => [at, { fates, ...(margins && { margins: lists(margins) }) }]),
      );
      await store.save(name, new TextEncoder().encode(JSON.stringify({ key, layers: plain })));
    },
  };
}

/** Tells scans apart: by the model, the images, and whatever else their result depends on. */
export async function scanKey(classifier: Classifier, { pixels, labels }: ScanImages, rest: unknown): Promise<string> {
  const model = await sha256(encodeClassifier(classifier));
  const images = await sha256(bytesOf(pixels));
  return sha256(new TextEncoder().encode(JSON.stringify([model, images, [...labels], rest])));
}

function readLayers(bytes: Uint8Array | undefined, key: string): Record<string, ScannedLayer> {
  if (!bytes) return {};
  try {
    const stored = schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    if (stored.key !== key) return {};
    return Object.fromEntries(
      Object.entries(stored.layers).map(([layer, { fates, margins }]) => [
        layer,
        { fates, margins: margins && { mean: Float64Array.from(margins.mean), variance: Float64Array.from(margins.variance) } },
      ]),
    );
  } catch {
    return {};
  }
}

function lists({ mean, variance }: Margins): { mean: number[]; variance: number[] } {
  return { mean: [...mean], variance: [...variance] };
}
