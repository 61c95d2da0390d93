import { z } from 'zod';
import { spectralNorm } from '../core/spectral-norm.js';
import { floats, type Tensor } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import { type ConvLayer, convLayers } from '../nn/feature-maps.js';
import type { Defense } from './defense.js';
import { farAboveMean } from './outliers.js';
import { prune } from './prune.js';

const options = z.object({
  u: z.number().min(0).default(3).describe('maps whose Lipschitz bound lies more than u deviations above the mean are pruned, from 0'),
});

/** Channel Lipschitz pruning: needs no data at all. */
export const clp: Defense<typeof options> = {
  name: 'clp',
  title: 'CLP',
  summary: 'Prunes maps that can amplify a change of their input far more than the others of their layer; uses no data.',
  paper: {
    title: 'Data-free Backdoor Removal based on Channel Lipschitzness',
    authors: 'Zheng, Tang, Li, Liu',
    venue: 'ECCV',
    year: 2022,
  },
  options,

  async repair({ model }, { u }) {
    const started = performance.now();
    const layers = convLayers(model.graph);
    const pruned = Object.fromEntries(layers.map((layer) => [layer.name, farAboveMean(lipschitzBounds(model, layer), u)]));
    return {
      model: prune(model, layers, pruned).classifier,
      pruned,
      history: [],
      rule:
        `In each convolution the maps were pruned whose Lipschitz bound lies more than ${u} standard deviations above the layer's mean. ` +
        'No image was used and nothing was trained.',
      seconds: { prune: (performance.now() - started) / 1000 },
    };
  },
};

/**
 * An upper bound on how much each channel can stretch a change of one window of its input: the spectral norm of its filter as a
 * matrix of input channels by taps, times |γ| / √v of the normalisation that reads nothing but this convolution. Without such a
 * normalisation, as where a sum is normalised, the filter counts alone.
 */
function lipschitzBounds({ graph }: Classifier, { weight, channels, norm }: ConvLayer): Float64Array {
  const stored = (name: string) => graph.initializers.get(name) as Tensor;
  const { dims } = stored(weight);
  const filters = floats(stored(weight));
  const size = filters.length / channels;
  const [scale, variance] = norm ? [floats(stored(norm.scale)), floats(stored(norm.variance))] : [];
  return Float64Array.from({ length: channels }, (_, c) => {
    const stretch = spectralNorm(filters.subarray(c * size, (c + 1) * size), dims[1], size / dims[1]);
    // A channel of no variance is dead, whatever its scale.
    return scale && variance ? (variance[c] > 0 ? (stretch * Math.abs(scale[c])) / Math.sqrt(variance[c]) : 0) : stretch;
  });
}
