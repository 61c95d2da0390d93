import { floats, type Tensor } from '../core/tensor.js';
import { type Classifier, portsOf, withParameters } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';
import type { Batch } from './batch.js';
import { correctCount, crossEntropy } from './loss.js';
import { type Objective, ObjectiveStep } from './objective.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { trainingForm } from './training-form.js';

/** For some parameters, a tensor of zeros and ones of the same shape: where it is zero the parameter is held at zero. */
export type Masks = Readonly<Record<string, Tensor<'float32'>>>;

export interface StepOptions {
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly masks?: Masks;
  /** Most steps that one run takes, from 1, see {@link ObjectiveStep.compile}. Default 1. */
  readonly stepsPerRun?: number;
}

/** What a step came to, before it was taken. */
export interface StepResult {
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Number of correctly classified images. */
  readonly correct: number;
}

/** What the training loop takes step by step. */
export interface ClassifierStep {
  /** Number of steps taken. */
  readonly steps: number;
  run(batch: Batch, learningRate: number): Promise<StepResult>;
  /** Where several steps go in one run on the device: how many at most, and the way to take them. */
  readonly stepsPerRun?: number;
  runAll?(batches: readonly Batch[], learningRates: readonly number[]): Promise<StepResult[]>;
  /** Everything that changes from step to step: parameters, running statistics, the optimiser's state. */
  read(): Promise<Tensors>;
  /** Goes back to a state that {@link read} gave, after the given number of steps. */
  restore(state: Tensors, steps: number): Promise<void>;
  /** The classifier as it is now. */
  classifier(): Promise<Classifier>;
  release(): Promise<void>;
}

/** Makes a step for a classifier. */
export type CompileStep = (engine: Engine, classifier: Classifier, options: StepOptions) => Promise<ClassifierStep>;

/** A step down the cross-entropy of a classifier. */
export class TrainingStep implements ClassifierStep {
  readonly #classifier: Classifier;
  readonly #step: ObjectiveStep;

  private constructor(classifier: Classifier, step: ObjectiveStep) {
    this.#classifier = classifier;
    this.#step = step;
  }

  /** Compiles the step; the classifier's parameters are its initial state, and the optimiser's state is zero. */
  static async compile(engine: Engine, classifier: Classifier, options: StepOptions): Promise<TrainingStep> {
    const { batchSize, optimizer, masks = {} } = options;
    const { graph: forward, statistics } = trainingForm(classifier.graph);
    const graph = await traceShapes(engine, withLoss(classifier, forward), { N: batchSize });
    const learned = learnedParameters(classifier.graph).map((name) => ({ name, optimizer, mask: masks[name] }));
    return TrainingStep.down(engine, classifier, { graph, loss: 'loss', outputs: ['loss', 'correct'], learned, statistics }, options);
  }

  /** Compiles a step down another objective of the same classifier, with the inputs and outputs of {@link withLoss}. */
  static async down(engine: Engine, classifier: Classifier, objective: Objective, options: StepOptions): Promise<TrainingStep> {
    return new TrainingStep(classifier, await ObjectiveStep.compile(engine, objective, options.stepsPerRun));
  }

  get stepsPerRun(): number {
    return this.#step.stepsPerRun;
  }

  get steps(): number {
    return this.#step.steps;
  }

  async run(batch: Batch, learningRate: number): Promise<StepResult> {
    const [result] = await this.runAll([batch], [learningRate]);
    return result;
  }

  async runAll(batches: readonly Batch[], learningRates: readonly number[]): Promise<StepResult[]> {
    const feeds = batches.map(({ images, targets }) => ({ [PORTS.images]: images, [PORTS.targets]: targets }));
    const outputs = await this.#step.runAll(feeds, learningRates);
    return outputs.map(({ loss, correct }) => ({ loss: floats(loss)[0], correct: floats(correct)[0] }));
  }

  read(): Promise<Tensors> {
    return this.#step.read();
  }

  restore(state: Tensors, steps: number): Promise<void> {
    return this.#step.restore(state, steps);
  }

  async classifier(): Promise<Classifier> {
    return withParameters(this.#classifier, await this.#step.parameters());
  }

  release(): Promise<void> {
    return this.#step.release();
  }
}

/** Inputs of a step: pixels [B, C, H, W] and class probabilities [B, K]. */
export const PORTS = { images: 'step:images', targets: 'step:targets' } as const;

/** The classifier in its training form, with a target input and the outputs `loss` and `correct`, the count of correct answers. */
export function withLoss(classifier: Classifier, forward: Graph): Graph {
  const { input, output } = portsOf(classifier);
  const renamed = forward.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === input ? PORTS.images : name)) }));
  const inputs = forward.inputs.map((info) => ({ ...info, name: PORTS.images, dims: ['N', ...classifier.imageShape] }));
  const builder = new GraphBuilder(classifier.name, { ...forward, nodes: renamed, inputs });
  const targets = builder.input(PORTS.targets, 'float32', ['N', classifier.classes]);
  builder.output(crossEntropy(builder, output, targets), 'loss');
  builder.output(correctCount(builder, output, targets), 'correct');
  return builder.build();
}
