import { pullBack } from '../../autodiff/gradient.js';
import { checkInterrupted, UserError } from '../../core/errors.js';
import { argmaxRows, float32, floats, type Tensor } from '../../core/tensor.js';
import { type Classifier, portsOf } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import { type ConvLayer, countMaps } from '../../nn/feature-maps.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { type Engine, runOnce } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import type { ScanImages, ScanOptions } from './scan.js';

/**
 * The scan as the published code does it, map by map, for comparison only. It differs from {@link scan} where that code goes wrong:
 * the images are normalised, then given to a network that normalises them again; start and step are clamped to [0, 1] as if they were
 * still pixels; and the step is not brought back to within eps, so that a value may move by alpha + eps from where it was clamped to.
 * @returns accuracies by layer, in forward order.
 */
export async function publishedScan(
  engine: Engine,
  classifier: Classifier,
  layers: readonly ConvLayer[],
  images: ScanImages,
  { eps, alpha, random, progress, signal }: Pick<ScanOptions, 'eps' | 'alpha' | 'random' | 'progress' | 'signal'>,
): Promise<Record<string, number[]>> {
  const { input, output } = portsOf(classifier);
  const normalised = await normalisedImages(engine, classifier, images.pixels);
  const start = float32(
    normalised.dims,
    floats(normalised).map((value) => clamp(value + (random.uniform() < 0.5 ? -alpha : alpha))),
  );
  const network = await engine.compile(classifier.graph);
  const result: Record<string, number[]> = {};
  const total = countMaps(layers);
  let done = 0;
  try {
    for (const layer of layers) {
      const below = ancestorsOf(classifier.graph, [layer.output]);
      const features = (await runOnce(engine, below, { [input]: normalised }))[layer.output];
      const traced = await traceShapes(engine, below, { N: images.labels.length });
      const builder = new GraphBuilder(`published:${layer.name}`);
      builder.avoid(traced);
      const x0 = builder.input('start', 'float32', start.dims);
      const clean = builder.input('features', 'float32', features.dims);
      const channel = builder.input('channel', 'float32', [1, layer.channels, 1, 1]);
      embed(builder, traced, x0);
      const cotangent = builder.mul(builder.sub(layer.output, clean), channel);
      const [gradient] = pullBack(builder, traced, [[layer.output, cotangent]], [traced.inputs[0].name]);
      builder.output(builder.clip(builder.add(x0, builder.mul(builder.sign(gradient), builder.scalar(eps))), 0, 1), 'adversarial');
      const program = await engine.compile(builder.build());
      result[layer.name] = [];
      try {
        for (let map = 0; map < layer.channels; map++) {
          checkInterrupted(signal, `while scanning ${layer.name}`);
          const one = float32(
            [1, layer.channels, 1, 1],
            Array.from({ length: layer.channels }, (_, c) => (c === map ? 1 : 0)),
          );
          const { adversarial } = await program.run({ start, features, channel: one });
          const best = argmaxRows(floats((await network.run({ [input]: adversarial }))[output]), classifier.classes);
          result[layer.name].push(images.labels.reduce((hits, label, i) => hits + (best[i] === label ? 1 : 0), 0) / images.labels.length);
          progress?.({ phase: 'scan as published', done: ++done, total, unit: 'map' });
        }
      } finally {
        await program.release();
      }
    }
  } finally {
    await network.release();
  }
  return result;
}

/** What the network's own normalisation makes of pixels: the value that its first convolution reads. */
async function normalisedImages(engine: Engine, { name, graph }: Classifier, pixels: Tensor<'float32'>): Promise<Tensor> {
  const first = graph.nodes.find(({ opType }) => opType === 'Conv')?.inputs[0] as string;
  const [{ name: input }] = graph.inputs;
  if (first === input) return pixels;
  const value = (await runOnce(engine, ancestorsOf(graph, [first]), { [input]: pixels }))[first];
  if (value.dims.join() !== pixels.dims.join())
    throw new UserError(
      `model '${name}' does more than normalise before its first convolution; --published cannot imitate the published code on it`,
    );
  return value;
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));
