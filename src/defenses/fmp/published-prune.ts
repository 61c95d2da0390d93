import { floats, type Tensor } from '../../core/tensor.js';
import { batchNorms } from '../../nn/batch-norms.js';
import { type Classifier, withParameters } from '../../nn/classifier.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { stateDict } from '../../nn/state-dict.js';
import type { Selection } from '../prune.js';

/**
 * Prunes as the published code does, for comparison only. It ranks convolutions in the order in which they run and walks the modules
 * in the order in which they are defined, so in every block with a shortcut convolution the lists go to the wrong ones; and it zeroes
 * the scale (not the shift) of whichever normalisation is defined next, although that may read a sum of several convolutions.
 * @param ranked channels by layer, keyed by the layer that they were ranked for.
 * @returns the model, and the filters that were really zeroed.
 */
export function publishedPrune(
  classifier: Classifier,
  layers: readonly ConvLayer[],
  ranked: Selection,
): { classifier: Classifier; zeroed: Record<string, readonly number[]> } {
  const byWeight = new Map(layers.map((layer) => [layer.weight, layer]));
  const scales = new Set(batchNorms(classifier.graph).map(({ scale }) => scale));
  const changed: Record<string, Tensor> = {};
  const zeroed: Record<string, readonly number[]> = {};
  let list: readonly number[] = [];
  let position = 0;
  for (const name of stateDict(classifier).keys()) {
    const layer = byWeight.get(name);
    if (layer) {
      list = ranked[layers[position++].name] ?? [];
      zeroed[layer.name] = list;
    }
    if (layer || scales.has(name)) changed[name] = withoutRows(classifier.graph.initializers.get(name) as Tensor, list);
  }
  return { classifier: withParameters(classifier, changed), zeroed };
}

function withoutRows(value: Tensor, rows: readonly number[]): Tensor<'float32'> {
  const data = floats(value).slice();
  const size = data.length / value.dims[0];
  for (const row of rows) data.fill(0, row * size, (row + 1) * size);
  return { type: 'float32', dims: value.dims, data };
}
