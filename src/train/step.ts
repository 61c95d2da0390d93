import { pullBack } from '../autodiff/gradient.js';
import { float32, floats, type Tensor, zeros } from '../core/tensor.js';
import { type Classifier, portsOf, withParameters } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Program, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import type { Batch } from './batch.js';
import { correctCount, crossEntropy } from './loss.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { type RunningStatistics, trainingForm } from './training-form.js';

/** For some parameters, a tensor of zeros and ones of the same shape: where it is zero the parameter is held at zero. */
export type Masks = Readonly<Record<string, Tensor<'float32'>>>;

export interface StepOptions {
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly masks?: Masks;
}

/** One optimiser step compiled into one graph: forward, loss, gradient, update, running statistics. */
export class TrainingStep {
  readonly #classifier: Classifier;
  readonly #program: Program;
  /** Number of steps taken, which optimisers with bias correction need. */
  steps = 0;

  private constructor(classifier: Classifier, program: Program) {
    this.#classifier = classifier;
    this.#program = program;
  }

  /** Compiles the step; the classifier's parameters are its initial state, and the optimiser's state is zero. */
  static async compile(engine: Engine, classifier: Classifier, options: StepOptions): Promise<TrainingStep> {
    const { graph, carry, slots } = await buildStep(engine, classifier, options);
    const program = await engine.compile(graph, { carry });
    const step = new TrainingStep(classifier, program);
    const initial: Tensors = {};
    for (const name of Object.keys(carry)) {
      const slotOf = slots.get(name);
      const source = classifier.graph.initializers.get(slotOf ?? name) as Tensor;
      initial[name] = slotOf === undefined ? source : zeros('float32', source.dims);
    }
    await program.write(initial);
    return step;
  }

  /** Takes one step; returns the mean loss and the number of correctly classified images before it. */
  async run(batch: Batch, learningRate: number): Promise<{ loss: number; correct: number }> {
    this.steps++;
    const { loss, correct } = await this.#program.run({
      [PORTS.images]: batch.images,
      [PORTS.targets]: batch.targets,
      [PORTS.learningRate]: float32([], [learningRate]),
      [PORTS.step]: float32([], [this.steps]),
    });
    return { loss: floats(loss)[0], correct: floats(correct)[0] };
  }

  /** Everything that changes from step to step: parameters, running statistics, the optimiser's state. */
  read(): Promise<Tensors> {
    return this.#program.read();
  }

  /** Goes back to a state that {@link read} gave, after the given number of steps. */
  async restore(state: Tensors, steps: number): Promise<void> {
    await this.#program.write(state);
    this.steps = steps;
  }

  /** The classifier as it is now. */
  async classifier(): Promise<Classifier> {
    const { initializers } = this.#classifier.graph;
    const state = await this.#program.read();
    return withParameters(this.#classifier, Object.fromEntries(Object.entries(state).filter(([name]) => initializers.has(name))));
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}

const PORTS = { images: 'step:images', targets: 'step:targets', learningRate: 'step:learning_rate', step: 'step:number' } as const;

interface BuiltStep {
  readonly graph: Graph;
  /** Input that holds a state to the output that holds its next value. */
  readonly carry: Record<string, string>;
  /** Inputs that hold the optimiser's state, each with the parameter it belongs to. */
  readonly slots: ReadonlyMap<string, string>;
}

async function buildStep(engine: Engine, classifier: Classifier, { batchSize, optimizer, masks = {} }: StepOptions): Promise<BuiltStep> {
  const learned = learnedParameters(classifier.graph);
  const { graph: forward, statistics } = trainingForm(classifier.graph);
  const traced = await traceShapes(engine, withLoss(classifier, forward), { N: batchSize });

  const carried = new Set([...learned, ...statistics.flatMap(({ mean, variance }) => [mean, variance])]);
  const builder = new GraphBuilder(`${classifier.name}:step`, parametersAsInputs(traced, carried));
  const learningRate = builder.input(PORTS.learningRate, 'float32', []);
  const step = builder.input(PORTS.step, 'float32', []);
  const carry: Record<string, string> = {};
  const slots = new Map<string, string>();
  const next = (name: string, value: Value) => {
    carry[name] = builder.output(value);
  };

  const gradients = pullBack(builder, traced, [['loss', builder.scalar(1)]], learned);
  learned.forEach((parameter, i) => {
    const { dims } = classifier.graph.initializers.get(parameter) as Tensor;
    const state = optimizer.slots.map((slot) => {
      const name = builder.input(`${slot}:${parameter}`, 'float32', dims);
      slots.set(name, parameter);
      return name;
    });
    const updated = optimizer.update({ builder, parameter, gradient: gradients[i], state, learningRate, step });
    const mask = masks[parameter];
    next(parameter, mask ? builder.mul(updated.parameter, builder.constant(mask)) : updated.parameter);
    updated.state.forEach((value, slot) => {
      next(state[slot], value);
    });
  });
  for (const statistic of statistics) updateStatistics(builder, traced, statistic, next);
  builder.output('loss');
  builder.output('correct');
  return { graph: builder.build(), carry, slots };
}

/** The classifier in its training form, with a target input, the loss and the count of correct answers. */
function withLoss(classifier: Classifier, forward: Graph): Graph {
  const { input, output } = portsOf(classifier);
  const renamed = forward.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === input ? PORTS.images : name)) }));
  const inputs = forward.inputs.map((info) => ({ ...info, name: PORTS.images, dims: ['N', ...classifier.imageShape] }));
  const builder = new GraphBuilder(`${classifier.name}:loss`, { ...forward, nodes: renamed, inputs });
  const targets = builder.input(PORTS.targets, 'float32', ['N', classifier.classes]);
  builder.output(crossEntropy(builder, output, targets), 'loss');
  builder.output(correctCount(builder, output, targets), 'correct');
  return builder.build();
}

function parametersAsInputs(graph: Graph, names: ReadonlySet<string>): Graph {
  const initializers = new Map([...graph.initializers].filter(([name]) => !names.has(name)));
  const moved = [...graph.initializers].filter(([name]) => names.has(name)).map(([name, { type, dims }]) => ({ name, type, dims }));
  return { ...graph, inputs: [...graph.inputs, ...moved], initializers };
}

/** running ← q · running + (1 - q) · batch, with the unbiased variance of the m elements that a channel has. */
function updateStatistics(
  builder: GraphBuilder,
  graph: Graph,
  { mean, variance, batchMean, batchVariance, input, kept }: RunningStatistics,
  next: (name: string, value: Value) => void,
): void {
  const dims = graph.types.get(input)?.dims as number[];
  const count = dims.reduce((product, dim) => product * dim, 1) / dims[1];
  const mix = (old: Value, fresh: Value, factor: number) =>
    builder.add(builder.mul(old, builder.scalar(kept)), builder.mul(fresh, builder.scalar((1 - kept) * factor)));
  next(mean, mix(mean, batchMean, 1));
  next(variance, mix(variance, batchVariance, count / (count - 1)));
}
