import type { Random } from '../../core/random.js';
import { floats } from '../../core/tensor.js';
import { type Classifier, portsOf, withParameters } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import { learnedParameters } from '../../nn/parameters.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine, Tensors } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import type { Batch } from '../../train/batch.js';
import { correctCount, crossEntropy } from '../../train/loss.js';
import { type Objective, ObjectiveStep } from '../../train/objective.js';
import { adam } from '../../train/optimizers/adam.js';
import type { ClassifierStep, StepOptions } from '../../train/step.js';
import { trainingForm } from '../../train/training-form.js';
import { blend, MASK, masksFor, normalise, PATTERN, patternsFor, sameness, startGraph } from './graphs.js';

/** What the step needs beside a classifier. */
export interface JointTraining {
  /** How many images of a batch are poisoned, and how many get the trigger of another image and keep their labels. */
  readonly poisoned: number;
  /** Parameters of the mask's network, and mean and deviation. */
  readonly mask: Tensors;
  readonly statistics: Tensors;
  /** Learning rate of the pattern's network. */
  readonly rate: number;
  /** Weight of patterns that are alike for different images. */
  readonly diversityWeight: number;
  /** Decides the initial weights of the pattern's network. */
  readonly random: Random;
}

/**
 * A step of classifier and pattern network together: down the cross-entropy of a batch whose first images carry their own
 * triggers, whose next ones carry those of `partners` and keep their labels, and whose others are clean, plus the weighted {@link
 * sameness} of patterns. The mask's network stays as it is.
 */
export class JointStep implements ClassifierStep {
  readonly #classifier: Classifier;
  readonly #step: ObjectiveStep;
  /** The pattern network's parameters at the time of the last {@link classifier}. */
  pattern: Tensors = {};

  private constructor(classifier: Classifier, step: ObjectiveStep) {
    this.#classifier = classifier;
    this.#step = step;
  }

  static async compile(engine: Engine, classifier: Classifier, options: StepOptions, joint: JointTraining): Promise<JointStep> {
    return new JointStep(classifier, await ObjectiveStep.compile(engine, await objectiveOf(engine, classifier, options, joint)));
  }

  get steps(): number {
    return this.#step.steps;
  }

  async run({ images, targets, others }: Batch, learningRate: number): Promise<{ loss: number; correct: number }> {
    const feeds = { 'joint:images': images, 'joint:targets': targets, ...others };
    const { entropy, correct } = await this.#step.run(feeds, learningRate);
    return { loss: floats(entropy)[0], correct: floats(correct)[0] };
  }

  read(): Promise<Tensors> {
    return this.#step.read();
  }

  restore(state: Tensors, steps: number): Promise<void> {
    return this.#step.restore(state, steps);
  }

  async classifier(): Promise<Classifier> {
    const parameters = Object.entries(await this.#step.parameters());
    const isPattern = ([name]: [string, unknown]) => name.startsWith(`${PATTERN}.`);
    this.pattern = Object.fromEntries(parameters.filter(isPattern));
    return withParameters(this.#classifier, Object.fromEntries(parameters.filter((entry) => !isPattern(entry))));
  }

  release(): Promise<void> {
    return this.#step.release();
  }
}

async function objectiveOf(engine: Engine, classifier: Classifier, options: StepOptions, joint: JointTraining): Promise<Objective> {
  const { imageShape, classes } = classifier;
  const { batchSize, optimizer, masks: held = {} } = options;
  const { poisoned: n, statistics: constants, rate, diversityWeight, random } = joint;
  const network = trainingForm(classifier.graph);

  const front = startGraph('input-aware', constants);
  front.avoid(network.graph);
  const images = front.input('joint:images', 'float32', [batchSize, ...imageShape]);
  const partners = front.input('partners', 'float32', [n, ...imageShape]);
  const part = (value: string, from: number, to: number) => front.slice(value, [from], [to], [0]);
  const [own, crossed] = [part(images, 0, n), part(images, n, 2 * n)];
  const seen = normalise(front, front.concat([own, partners], 0));
  const patterns = patternsFor(front, seen, imageShape, random);
  const masks = masksFor(front, seen, imageShape, random);
  const poisoned = blend(front, own, part(patterns, 0, n), part(masks, 0, n));
  const cross = blend(front, crossed, part(patterns, n, 2 * n), part(masks, n, 2 * n));
  const rest = batchSize > 2 * n ? [part(images, 2 * n, batchSize)] : [];
  const batch = front.concat([poisoned, cross, ...rest], 0);
  const shown = normalise(front, patterns);
  const alike = sameness(front, [part(seen, 0, n), part(seen, n, 2 * n)], [part(shown, 0, n), part(shown, n, 2 * n)]);
  const built = front.build();
  const stored = { ...built, initializers: new Map([...built.initializers, ...Object.entries(joint.mask)]) };
  const { graph, statistics } = trainingForm(stored, (mean) => mean.startsWith(`${MASK}.`));

  const builder = new GraphBuilder(`${classifier.name}:input-aware`, graph);
  embed(builder, network.graph, batch);
  const targets = builder.input('joint:targets', 'float32', [batchSize, classes]);
  const { output } = portsOf(classifier);
  const entropy = builder.output(crossEntropy(builder, output, targets), 'entropy');
  builder.output(correctCount(builder, output, targets), 'correct');
  builder.output(builder.add(entropy, builder.mul(alike, builder.scalar(diversityWeight))), 'loss');
  const generator = adam({ betas: [0.5, 0.9] });
  const patternNames = learnedParameters(graph).filter((name) => name.startsWith(`${PATTERN}.`));
  return {
    graph: await traceShapes(engine, builder.build()),
    loss: 'loss',
    outputs: ['entropy', 'correct'],
    learned: [
      ...learnedParameters(classifier.graph).map((name) => ({ name, optimizer, mask: held[name] })),
      ...patternNames.map((name) => ({ name, optimizer: generator, rate })),
    ],
    statistics: [...network.statistics, ...statistics],
  };
}
