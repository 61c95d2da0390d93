import { pullBack } from '../autodiff/gradient.js';
import { float32, int64, stack, type Tensor, unstack, zeros } from '../core/tensor.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { repeated, TIMES } from '../onnx/repeat.js';
import type { Engine, Program, Tensors } from '../runtime/engine.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { RunningStatistics } from './training-form.js';

/** How one parameter is learned. */
export interface Learned {
  readonly name: string;
  readonly optimizer: Optimizer;
  /** The value whose gradient the optimiser gets; default: the parameter itself. Of the parameter's shape. */
  readonly gradientAt?: Value;
  /** A learning rate of its own that stays the same, in place of the one that each step is given. */
  readonly rate?: number;
  /** Zeros and ones of the parameter's shape: where it is zero the parameter is held at zero. */
  readonly mask?: Tensor<'float32'>;
}

/** Something to minimise, of however many networks. */
export interface Objective {
  /** From data to the loss, with `types` complete, networks in their training form, and the parameters inside. Its own outputs do not count. */
  readonly graph: Graph;
  /** The scalar that is minimised. */
  readonly loss: Value;
  /** What each step gives back, values before the update. */
  readonly outputs: readonly Value[];
  readonly learned: readonly Learned[];
  /** Running statistics to update. */
  readonly statistics: readonly RunningStatistics[];
}

/** One step down an objective compiled into one graph: forward, loss, gradient, update, running statistics. */
export class ObjectiveStep {
  readonly #objective: Objective;
  readonly #program: Program;
  /** Most steps that one run of the program takes. */
  readonly stepsPerRun: number;
  /** Number of steps taken, which optimisers with bias correction need. */
  steps = 0;

  private constructor(objective: Objective, program: Program, stepsPerRun: number) {
    this.#objective = objective;
    this.#program = program;
    this.stepsPerRun = stepsPerRun;
  }

  /**
   * Compiles the step; the graph's parameters are its initial state, and the optimisers' state is zero.
   * @param stepsPerRun more than one go into a `Loop`: one call for all of them. Default 1, as ONNX Runtime 1.30 gains nothing by it, see
   *   docs/performance.md.
   */
  static async compile(engine: Engine, objective: Objective, stepsPerRun = 1): Promise<ObjectiveStep> {
    const { graph, carry, slots } = buildStep(objective);
    const program = await engine.compile(stepsPerRun > 1 ? repeated(graph, carry) : graph, { carry });
    const initial: Tensors = {};
    for (const name of Object.keys(carry)) {
      const slotOf = slots.get(name);
      const source = objective.graph.initializers.get(slotOf ?? name) as Tensor;
      initial[name] = slotOf === undefined ? source : zeros('float32', source.dims);
    }
    await program.write(initial);
    return new ObjectiveStep(objective, program, stepsPerRun);
  }

  /** Takes one step; returns the objective's outputs before it. */
  async run(feeds: Tensors, learningRate: number): Promise<Tensors> {
    const [outputs] = await this.runAll([feeds], [learningRate]);
    return outputs;
  }

  /** Takes a step for each of some feeds, {@link stepsPerRun} at most; returns what {@link run} would, one after the other. */
  async runAll(feeds: readonly Tensors[], learningRates: readonly number[]): Promise<Tensors[]> {
    const all = feeds.map((given, i) => {
      return { ...given, [RATE]: float32([], [learningRates[i]]), [STEP]: float32([], [this.steps + i + 1]) } as Tensors;
    });
    this.steps += feeds.length;
    if (this.stepsPerRun === 1) return [await this.#program.run(all[0])];
    const stacked = Object.keys(all[0]).map((name) => [name, stack(all.map((one) => one[name]))]);
    const outputs = await this.#program.run({ ...Object.fromEntries(stacked), [TIMES]: int64([], [feeds.length]) });
    const parts = Object.entries(outputs).map(([name, value]) => [name, unstack(value)] as const);
    return feeds.map((_, i) => Object.fromEntries(parts.map(([name, values]) => [name, values[i]])));
  }

  /** Everything that changes from step to step: parameters, running statistics, the optimisers' state. */
  read(): Promise<Tensors> {
    return this.#program.read();
  }

  /** Goes back to a state that {@link read} gave, after the given number of steps. */
  async restore(state: Tensors, steps: number): Promise<void> {
    await this.#program.write(state);
    this.steps = steps;
  }

  /** Parameters and running statistics as they are now. */
  async parameters(): Promise<Tensors> {
    const { initializers } = this.#objective.graph;
    return Object.fromEntries(Object.entries(await this.read()).filter(([name]) => initializers.has(name)));
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}

const RATE = 'step:learning_rate';
const STEP = 'step:number';

interface BuiltStep {
  readonly graph: Graph;
  /** Input that holds a state to the output that holds its next value. */
  readonly carry: Record<string, string>;
  /** Inputs that hold an optimiser's state, each with the parameter it belongs to. */
  readonly slots: ReadonlyMap<string, string>;
}

function buildStep({ graph: traced, loss, outputs, learned, statistics }: Objective): BuiltStep {
  const carried = new Set([...learned.map(({ name }) => name), ...statistics.flatMap(({ mean, variance }) => [mean, variance])]);
  const builder = new GraphBuilder(`${traced.name}:step`, parametersAsInputs(traced, carried));
  const given = builder.input(RATE, 'float32', []);
  const step = builder.input(STEP, 'float32', []);
  const carry: Record<string, string> = {};
  const slots = new Map<string, string>();
  const next = (name: string, value: Value) => {
    carry[name] = builder.output(value);
  };

  const names = learned.map(({ name, gradientAt }) => gradientAt ?? name);
  const gradients = pullBack(builder, traced, [[loss, builder.scalar(1)]], names);
  learned.forEach(({ name: parameter, optimizer, rate, mask }, i) => {
    const { dims } = traced.initializers.get(parameter) as Tensor;
    const state = optimizer.slots.map((slot) => {
      const name = builder.input(`${slot}:${parameter}`, 'float32', dims);
      slots.set(name, parameter);
      return name;
    });
    const learningRate = rate === undefined ? given : builder.scalar(rate);
    const updated = optimizer.update({ builder, parameter, gradient: gradients[i], state, learningRate, step });
    next(parameter, mask ? builder.mul(updated.parameter, builder.constant(mask)) : updated.parameter);
    updated.state.forEach((value, slot) => {
      next(state[slot], value);
    });
  });
  for (const statistic of statistics) updateStatistics(builder, traced, statistic, next);
  for (const output of outputs) builder.output(output);
  return { graph: builder.build(), carry, slots };
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
