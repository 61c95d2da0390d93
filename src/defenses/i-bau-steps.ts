import { pullBack } from '../autodiff/gradient.js';
import { checkInterrupted } from '../core/errors.js';
import { argmaxRows, float32, floats, type Tensor, zeros } from '../core/tensor.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { addCopy } from '../onnx/copy.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import type { Batch } from '../train/batch.js';
import { crossEntropy } from '../train/loss.js';
import { adam } from '../train/optimizers/adam.js';

export interface PerturbationOptions {
  readonly batchSize: number;
  /** Learning rate of the perturbation. */
  readonly rate: number;
  /** λ, the weight of its squared length. */
  readonly weight: number;
}

/**
 * Looks for one change δ of all images, [1, C, H, W], that changes what the model answers: one pass of gradient descent over the
 * batches, from zero, on L(δ) = -CE(F(x + δ), F's own answer to x) + λ ‖δ‖².
 */
export async function compilePerturbation(engine: Engine, model: Classifier, { batchSize, rate, weight }: PerturbationOptions) {
  const traced = await traceShapes(engine, innerLoss(model, weight), { N: batchSize });
  const builder = new GraphBuilder('i-bau:perturb', traced);
  const [gradient] = pullBack(builder, traced, [['inner:loss', builder.scalar(1)]], ['inner:delta']);
  builder.output(builder.sub('inner:delta', builder.mul(gradient, builder.scalar(rate))), 'next');
  const program = await engine.compile(builder.build());
  const answers = await engine.compile(withParametersAsInputs(model.graph, learnedParameters(model.graph)));
  const { input, output } = portsOf(model);
  /** One step of descent from a perturbation. */
  const descend = async (parameters: Tensors, images: Tensor, targets: Tensor, delta: Tensor): Promise<Tensor> =>
    (await program.run({ 'inner:images': images, 'inner:targets': targets, 'inner:delta': delta, ...parameters })).next;
  return {
    descend,
    async find(parameters: Tensors, stored: readonly Batch[], signal?: AbortSignal): Promise<{ delta: Tensor; predicted: Tensor[] }> {
      let delta: Tensor = zeros('float32', [1, ...model.imageShape]);
      const predicted: Tensor[] = [];
      for (const { images } of stored) {
        checkInterrupted(signal, 'while looking for a perturbation');
        const logits = floats((await answers.run({ [input]: images, ...parameters }))[output]);
        const targets = oneHot(argmaxRows(logits, model.classes), model.classes);
        predicted.push(targets);
        delta = await descend(parameters, images, targets, delta);
      }
      return { delta, predicted };
    },
    async release() {
      await program.release();
      await answers.release();
    },
  };
}

export interface OuterOptions {
  readonly batchSize: number;
  /** Steps of the fixed-point iteration. */
  readonly K: number;
  readonly lr: number;
  readonly inner_lr: number;
  readonly delta_l2: number;
  readonly patched: number;
}

/**
 * One step of Adam on the weights θ against the perturbation δ*, where δ* itself depends on θ. With the inner loss L, its descent map
 * Φ(δ, θ) = δ - a ∇_δ L(δ, θ), whose fixed point is δ*, and the outer loss M(δ, θ), the implicit function theorem gives
 *
 *   dM/dθ = ∂M/∂θ + (∂Φ/∂θ)ᵀ v,   v = (1 - ∂Φ/∂δ)⁻ᵀ ∂M/∂δ = Σ_k ((∂Φ/∂δ)ᵀ)ᵏ ∂M/∂δ,
 *
 * of which the first K terms are taken: v ← (∂Φ/∂δ)ᵀ v + ∂M/∂δ. Both products come from the scalar s = ∇_δ L · v:
 * (∂Φ/∂δ)ᵀ v = v - a ∇_δ s and (∂Φ/∂θ)ᵀ v = -a ∇_θ s, gradients of a gradient.
 */
export async function compileOuterStep(engine: Engine, model: Classifier, options: OuterOptions) {
  const { graph, carry } = await outerGraph(engine, model, options);
  const program = await engine.compile(graph, { carry });
  const parameters = learnedParameters(model.graph);
  const state: Tensors = {};
  for (const { name, dims } of graph.inputs)
    if (name in carry) state[name] = model.graph.initializers.get(name) ?? zeros('float32', dims as number[]);
  await program.write(state);
  let step = 0;
  return {
    /** @returns the outer loss before the step. */
    async run({ images, targets }: Batch, innerImages: Tensor, innerTargets: Tensor, delta: Tensor): Promise<number> {
      step++;
      const inner = { 'inner:images': innerImages, 'inner:targets': innerTargets, 'inner:delta': delta };
      return floats((await program.run({ images, targets, ...inner, step: float32([], [step]) })).loss)[0];
    },
    parameters: () => program.read(parameters),
    release: () => program.release(),
  };
}

/** Images, answers and perturbation to `inner:loss`; the learned parameters are inputs. */
function innerLoss(model: Classifier, weight: number): Graph {
  const builder = new GraphBuilder('i-bau:inner', withoutPorts(model.graph, learnedParameters(model.graph)));
  const delta = builder.input('inner:delta', 'float32', [1, ...model.imageShape]);
  const images = builder.add(builder.input('inner:images', 'float32', ['N', ...model.imageShape]), delta);
  const targets = builder.input('inner:targets', 'float32', ['N', model.classes]);
  const { input, output } = portsOf(model);
  const logits = addCopy(builder, model.graph, 'inner', { [input]: images })(output);
  const length = builder.mul(builder.reduceSum(builder.mul(delta, delta)), builder.scalar(weight));
  builder.output(builder.sub(length, crossEntropy(builder, logits, targets)), 'inner:loss');
  return builder.build();
}

/** `inner:slope`, the inner loss's gradient times a direction, with its own gradients by the perturbation and the parameters. */
async function slopeGraph(engine: Engine, model: Classifier, { batchSize, delta_l2 }: OuterOptions): Promise<Graph> {
  const traced = await traceShapes(engine, innerLoss(model, delta_l2), { N: batchSize });
  const builder = new GraphBuilder('i-bau:slope', traced);
  const direction = builder.input('direction', 'float32', [1, ...model.imageShape]);
  const [gradient] = pullBack(builder, traced, [['inner:loss', builder.scalar(1)]], ['inner:delta']);
  builder.output(builder.reduceSum(builder.mul(gradient, direction)), 'inner:slope');
  return traceShapes(engine, builder.build());
}

async function outerGraph(
  engine: Engine,
  model: Classifier,
  options: OuterOptions,
): Promise<{ graph: Graph; carry: Record<string, string> }> {
  const learned = learnedParameters(model.graph);
  const slope = await slopeGraph(engine, model, options);
  const bySlope = (wanted: readonly Value[]) => {
    const builder = new GraphBuilder('i-bau:product', slope);
    pullBack(builder, slope, [['inner:slope', builder.scalar(1)]], wanted).forEach((value, i) => {
      builder.output(value, `product:${wanted[i]}`);
    });
    return builder.build();
  };
  const outer = await traceShapes(engine, outerLoss(model, options), { N: options.batchSize });
  const builder = new GraphBuilder('i-bau:outer', outer);
  for (const { name, type, dims } of slope.inputs) if (/^inner:(images|targets)$/.test(name)) builder.input(name, type, dims);
  const [byDelta, ...byParameter] = pullBack(builder, outer, [['loss', builder.scalar(1)]], ['inner:delta', ...learned]);
  const scaled = (value: Value) => builder.mul(value, builder.scalar(options.inner_lr));
  const product = bySlope(['inner:delta']);
  let v = byDelta;
  for (let k = 1; k < options.K; k++) {
    const curvature = addCopy(builder, product, `term ${k}`, { direction: v })('product:inner:delta');
    v = builder.add(builder.sub(v, scaled(curvature)), byDelta);
  }
  const mixed = bySlope(learned);
  const nameOf = addCopy(builder, mixed, 'mixed', { direction: v });
  const optimizer = adam();
  const step = builder.input('step', 'float32', []);
  const carry: Record<string, string> = {};
  learned.forEach((parameter, i) => {
    const { dims } = model.graph.initializers.get(parameter) as Tensor;
    const gradient = builder.sub(byParameter[i], scaled(nameOf(`product:${parameter}`)));
    const state = optimizer.slots.map((slot) => builder.input(`${slot}:${parameter}`, 'float32', dims));
    const next = optimizer.update({ builder, parameter, gradient, state, learningRate: builder.scalar(options.lr), step });
    [next.parameter, ...next.state].forEach((value, slot) => {
      const input = slot === 0 ? parameter : state[slot - 1];
      carry[input] = builder.output(builder.identity(value), `next:${input}`);
    });
  });
  builder.output('loss');
  return { graph: builder.build(), carry };
}

/** CE of a batch of which the first images carry the perturbation, all with their true labels. */
function outerLoss(model: Classifier, { batchSize, patched }: OuterOptions): Graph {
  const builder = new GraphBuilder('i-bau:outer-loss', withoutPorts(model.graph, learnedParameters(model.graph)));
  const delta = builder.input('inner:delta', 'float32', [1, ...model.imageShape]);
  const count = Math.max(1, Math.floor(patched * batchSize));
  const carries = float32(
    [batchSize, 1, 1, 1],
    Array.from({ length: batchSize }, (_, image) => (image < count ? 1 : 0)),
  );
  const images = builder.input('images', 'float32', [batchSize, ...model.imageShape]);
  const targets = builder.input('targets', 'float32', [batchSize, model.classes]);
  const changed = builder.add(images, builder.mul(delta, builder.constant(carries)));
  const { input, output } = portsOf(model);
  builder.output(crossEntropy(builder, addCopy(builder, model.graph, 'outer', { [input]: changed })(output), targets), 'loss');
  return builder.build();
}

/** A graph of nothing but the parameters: the learned ones as inputs, the rest as they are. */
function withoutPorts(graph: Graph, learned: readonly string[]): Graph {
  return { ...withParametersAsInputs(graph, learned), inputs: parameterInputs(graph, learned), nodes: [], outputs: [], types: new Map() };
}

function withParametersAsInputs(graph: Graph, learned: readonly string[]): Graph {
  const kept = new Map([...graph.initializers].filter(([name]) => !learned.includes(name)));
  return { ...graph, inputs: [...graph.inputs, ...parameterInputs(graph, learned)], initializers: kept };
}

function parameterInputs(graph: Graph, learned: readonly string[]) {
  return learned.map((name) => {
    const { type, dims } = graph.initializers.get(name) as Tensor;
    return { name, type, dims };
  });
}

function oneHot(labels: Int32Array, classes: number): Tensor<'float32'> {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, image) => {
    data[image * classes + label] = 1;
  });
  return float32([labels.length, classes], data);
}
