import { pullBack } from '../autodiff/gradient.js';
import { float32, floats, full, type Tensor, zeros } from '../core/tensor.js';
import type { BatchNormLayer } from '../nn/batch-norms.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { addCopy } from '../onnx/copy.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import type { Batch } from '../train/batch.js';
import { crossEntropy } from '../train/loss.js';
import { trainingForm } from '../train/training-form.js';

export interface MaskStepOptions {
  readonly batchSize: number;
  /** Size of the ascent step on the disturbances. */
  readonly eps: number;
  /** Weight of the loss without disturbances. */
  readonly alpha: number;
}

/** The min-max step of ANP, compiled. */
export interface MaskStep {
  /**
   * Disturbs, then takes one step of SGD with momentum 0.9 on the masks.
   * @param start disturbances to ascend from: `delta:i` and `xi:i` for normalisation i, [C].
   */
  run(batch: Batch, start: Tensors, learningRate: number): Promise<{ loss: number }>;
  /** Masks by the name of the normalisation, 0..1. */
  masks(): Promise<Readonly<Record<string, Float32Array>>>;
  release(): Promise<void>;
}

const MOMENTUM = 0.9;

/**
 * With γ and β a normalisation's scale and shift, m its mask, δ and ξ disturbances (Wu and Wang, NeurIPS 2021, eq. 4 to 7):
 *
 *   (δ, ξ) ← (δ, ξ) + ε sign ∇ CE(γ (m + δ), β (1 + ξ))
 *   m ← clip(m - η ∇ [α CE(γ m, β) + (1 - α) CE(γ (m + δ), β (1 + ξ))], 0, 1)
 *
 * with the batch's statistics and all weights as they are.
 */
export async function compileMaskStep(
  engine: Engine,
  classifier: Classifier,
  norms: readonly BatchNormLayer[],
  { batchSize, eps, alpha }: MaskStepOptions,
): Promise<MaskStep> {
  const losses = await traceShapes(engine, lossGraph(classifier, norms), { N: batchSize });
  const ascent = await engine.compile(ascentGraph(losses, norms, eps));
  const { graph, carry } = descentGraph(losses, norms, alpha);
  const descent = await engine.compile(graph, { carry });
  const first = Object.keys(carry).map((name): [string, Tensor] => {
    const { channels } = norms[Number(name.split(':')[1])];
    return [name, name.startsWith('mask') ? full([channels], 1) : zeros('float32', [channels])];
  });
  await descent.write(Object.fromEntries(first));
  const maskNames = norms.map((_, i) => `mask:${i}`);
  return {
    async run(batch, start, learningRate) {
      const feeds = { images: batch.images, targets: batch.targets };
      const found = await ascent.run({ ...feeds, ...start, ...(await descent.read(maskNames)) });
      const disturbed = Object.fromEntries(Object.entries(found).map(([name, value]) => [name.replace('next:', ''), value]));
      const { loss } = await descent.run({ ...feeds, ...disturbed, rate: float32([], [learningRate]) });
      return { loss: floats(loss)[0] };
    },
    async masks() {
      const state = await descent.read(maskNames);
      return Object.fromEntries(norms.map(({ name }, i) => [name, floats(state[`mask:${i}`]).slice()]));
    },
    async release() {
      await ascent.release();
      await descent.release();
    },
  };
}

/** Images, targets, masks and disturbances to the cross-entropy with the disturbances and without. */
function lossGraph(classifier: Classifier, norms: readonly BatchNormLayer[]): Graph {
  const { graph } = trainingForm(classifier.graph);
  const { input, output } = portsOf(classifier);
  const builder = new GraphBuilder('anp:loss');
  for (const [name, value] of graph.initializers) builder.parameter(name, value);
  const images = builder.input('images', 'float32', ['N', ...classifier.imageShape]);
  const targets = builder.input('targets', 'float32', ['N', classifier.classes]);
  const calm: Record<string, Value> = { [input]: images };
  const disturbed: Record<string, Value> = { [input]: images };
  norms.forEach(({ scale, shift, mean, variance, channels }, i) => {
    const [mask, delta, xi] = ['mask', 'delta', 'xi'].map((kind) => builder.input(`${kind}:${i}`, 'float32', [channels]));
    calm[scale] = builder.mul(scale, mask);
    disturbed[scale] = builder.mul(scale, builder.add(mask, delta));
    disturbed[shift] = builder.add(shift, builder.mul(shift, xi));
    // In training form the stored statistics are not read, but ONNX Runtime writes the batch's over them (see training-form.ts):
    // each copy needs some of its own, which it computes, so that neither folding nor merging makes them one.
    [calm[mean], calm[variance], disturbed[mean], disturbed[variance]] = [2, 3, 4, 5].map((k) => builder.mul(mask, builder.scalar(k)));
  });
  for (const [name, replaced] of Object.entries({ calm, disturbed }))
    builder.output(crossEntropy(builder, addCopy(builder, graph, name, replaced)(output), targets), `loss:${name}`);
  return builder.build();
}

function ascentGraph(losses: Graph, norms: readonly BatchNormLayer[], eps: number): Graph {
  const builder = new GraphBuilder('anp:ascent', losses);
  const names = norms.flatMap((_, i) => [`delta:${i}`, `xi:${i}`]);
  const gradients = pullBack(builder, losses, [['loss:disturbed', builder.scalar(1)]], names);
  names.forEach((name, i) => {
    builder.output(builder.add(name, builder.mul(builder.sign(gradients[i]), builder.scalar(eps))), `next:${name}`);
  });
  return builder.build();
}

function descentGraph(losses: Graph, norms: readonly BatchNormLayer[], alpha: number): { graph: Graph; carry: Record<string, string> } {
  const builder = new GraphBuilder('anp:descent', losses);
  const rate = builder.input('rate', 'float32', []);
  const masks = norms.map((_, i) => `mask:${i}`);
  const weights = { 'loss:calm': builder.scalar(alpha), 'loss:disturbed': builder.scalar(1 - alpha) };
  const gradients = pullBack(builder, losses, Object.entries(weights), masks);
  const carry: Record<string, string> = {};
  masks.forEach((mask, i) => {
    const velocity = builder.input(`velocity:${i}`, 'float32', [norms[i].channels]);
    const next = builder.add(builder.mul(velocity, builder.scalar(MOMENTUM)), gradients[i]);
    carry[velocity] = builder.output(builder.identity(next), `next:${velocity}`);
    carry[mask] = builder.output(builder.clip(builder.sub(mask, builder.mul(next, rate)), 0, 1), `next:${mask}`);
  });
  const parts = Object.entries(weights).map(([loss, weight]) => builder.mul(loss, weight));
  builder.output(builder.add(parts[0], parts[1]), 'loss');
  return { graph: builder.build(), carry };
}
