import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { floats, type Tensor } from '../core/tensor.js';
import { sizeOfDataset } from '../data/dataset.js';
import { stratified } from '../data/sample.js';
import { type BatchNormLayer, batchNorms } from '../nn/batch-norms.js';
import { type Classifier, portsOf, withParameters } from '../nn/classifier.js';
import { unitPixels } from '../nn/pixels.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { ancestorsOf } from '../onnx/rewrite.js';
import { runOnce } from '../runtime/engine.js';
import type { Defense } from './defense.js';
import { farAboveMean } from './outliers.js';

const options = z.object({
  u: z.number().min(0).default(3).describe('channels whose divergence lies more than u deviations above the mean are pruned, from 0'),
  images: z.int().min(2).default(1000).describe('clean images that the statistics are taken over, from 2 (published: 256)'),
});

/** Keeps channels that do not vary from dividing by zero. */
const SMALLEST_VARIANCE = 1e-12;

/** Batch-normalisation statistics pruning. */
export const bnp: Defense<typeof options> = {
  name: 'bnp',
  title: 'BNP',
  summary: 'Prunes channels whose statistics in training, poison included, differ most from those on clean images.',
  paper: {
    title: 'Pre-activation Distributions Expose Backdoor Neurons',
    authors: 'Zheng, Tang, Li, Liu',
    venue: 'NeurIPS',
    year: 2022,
  },
  options,

  async repair({ model, clean }, { u, images }, { engine, random }) {
    const started = performance.now();
    const norms = batchNorms(model.graph);
    if (norms.length === 0)
      throw new UserError(`model '${model.name}' has no batch normalisation, on which BNP rests; use another defence`);
    const count = Math.min(images, sizeOfDataset(clean));
    const sample = stratified(clean, { count }, random.fork('images'));
    const pixels = unitPixels(sample.images, sample.imageShape);
    const found = await runOnce(engine, statisticsGraph(model.graph, norms), { [portsOf(model).input]: pixels });
    const pruned: Record<string, number[]> = {};
    const silenced: Record<string, Tensor> = {};
    for (const norm of norms) {
      const batch = { mean: floats(found[`mean:${norm.name}`]), variance: floats(found[`variance:${norm.name}`]) };
      pruned[norm.name] = farAboveMean(divergences(model, norm, batch), u);
      for (const name of [norm.scale, norm.shift])
        silenced[name] = without(model.graph.initializers.get(name) as Tensor, pruned[norm.name]);
    }
    return {
      model: withParameters(model, silenced),
      pruned,
      history: [],
      rule:
        `In each batch normalisation the channels were silenced whose input on ${count} clean images diverges from the running statistics ` +
        `by more than ${u} standard deviations above the layer's mean divergence. Nothing was trained.`,
      seconds: { prune: (performance.now() - started) / 1000 },
    };
  },
};

/** Mean and unbiased variance, over images and positions, of what each normalisation reads. */
function statisticsGraph(graph: Graph, norms: readonly BatchNormLayer[]): Graph {
  const inputs = norms.map(({ input }) => input);
  const builder = new GraphBuilder('statistics', ancestorsOf(graph, [...new Set(inputs)]));
  for (const { name, input, channels } of norms) {
    // Channels first, everything else in one row, whatever the rank.
    const rows = builder.reshape(builder.transpose(builder.reshape(input, [0, channels, -1]), [1, 0, 2]), [channels, -1]);
    const mean = builder.reduceMean(rows, [1], true);
    const centred = builder.sub(rows, mean);
    const length = builder.reduceSum(builder.add(builder.mul(rows, builder.scalar(0)), builder.scalar(1)), [1]);
    const squares = builder.reduceSum(builder.mul(centred, centred), [1]);
    builder.output(builder.squeeze(mean, [1]), `mean:${name}`);
    builder.output(builder.div(squares, builder.sub(length, builder.scalar(1))), `variance:${name}`);
  }
  return builder.build();
}

/**
 * The divergence of the clean images' Gaussian N(μ_b, v_b) from that of the running statistics N(μ, v), channel by channel:
 * KL = ½ ln(v / v_b) + (v_b + (μ_b - μ)²) / 2v - ½. (The published code has no ½ before the logarithm.)
 */
function divergences(
  { graph }: Classifier,
  norm: BatchNormLayer,
  batch: { readonly mean: Float32Array; readonly variance: Float32Array },
): Float64Array {
  const [means, variances] = [norm.mean, norm.variance].map((name) => floats(graph.initializers.get(name) as Tensor));
  return Float64Array.from({ length: norm.channels }, (_, c) => {
    const v = Math.max(variances[c], SMALLEST_VARIANCE);
    const clean = Math.max(batch.variance[c], SMALLEST_VARIANCE);
    return 0.5 * Math.log(v / clean) + (clean + (batch.mean[c] - means[c]) ** 2) / (2 * v) - 0.5;
  });
}

function without(value: Tensor, channels: readonly number[]): Tensor<'float32'> {
  const data = floats(value).slice();
  for (const channel of channels) data[channel] = 0;
  return { type: 'float32', dims: value.dims, data };
}
