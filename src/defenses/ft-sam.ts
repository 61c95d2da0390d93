import { z } from 'zod';
import { pullBack } from '../autodiff/gradient.js';
import type { Classifier } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { addCopy } from '../onnx/copy.js';
import type { Graph } from '../onnx/graph.js';
import { traceShapes } from '../runtime/trace.js';
import { crossEntropy } from '../train/loss.js';
import { type CompileStep, PORTS, TrainingStep, withLoss } from '../train/step.js';
import { type RunningStatistics, trainingForm } from '../train/training-form.js';
import type { Defense } from './defense.js';
import { fineTuneOptions, prepareFineTune } from './fine-tune.js';

const options = z.object({
  rho: z
    .number()
    .gt(0)
    .default(2)
    .describe('how far the weights are moved to where the loss is sharpest, above 0 (published: 8 on GTSRB and Tiny ImageNet)'),
  label_smoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('probability that goes to the other classes in the targets, 0 up to below 1'),
  adaptive: z.boolean().default(true).describe('measure that distance relative to the size of each weight'),
  ...fineTuneOptions,
  wd: z.number().min(0).default(5e-4).describe('weight decay: L2 penalty on every parameter, from 0'),
});

type SharpnessOptions = Pick<z.infer<typeof options>, 'rho' | 'label_smoothing' | 'adaptive'>;

const SMALLEST = 1e-12;

/** Fine-tuning with sharpness-aware minimisation. */
export const ftSam: Defense<typeof options> = {
  name: 'ft-sam',
  title: 'FT-SAM',
  summary: "Fine-tunes with gradients taken where a move of the weights raises the loss most, which shrinks the backdoor's large weights.",
  paper: {
    title: 'Enhancing Fine-Tuning Based Backdoor Defense with Sharpness-Aware Minimization',
    authors: 'Zhu, Wei, Shen, Fan, Wu',
    venue: 'ICCV',
    year: 2023,
  },
  options,

  async repair({ model, clean }, options, context) {
    const started = performance.now();
    const { classifier, history } = await prepareFineTune(clean, options, context, { compileStep: sharpnessStep(options) })(model);
    return {
      model: classifier,
      pruned: {},
      history,
      rule: `The model after the last of ${options.epochs} epochs on the clean images was taken; nothing was selected.`,
      seconds: { 'fine-tune': (performance.now() - started) / 1000 },
    };
  },
};

/**
 * With g the gradient of the smoothed cross-entropy at the weights θ, the optimiser gets the gradient at θ + e, where
 *
 *   e = ρ θ² g / (‖ |θ| g ‖ + 1e-12)   (adaptive),   e = ρ g / (‖g‖ + 1e-12)   (plain),
 *
 * with the length taken over all parameters together, and e itself a constant. Both are in training form; running statistics are those
 * of the first pass.
 */
export function sharpnessStep(options: SharpnessOptions): CompileStep {
  return async (engine, classifier, given) => {
    const { batchSize, optimizer, masks = {} } = given;
    const { graph: forward, statistics } = trainingForm(classifier.graph);
    const plain = await traceShapes(engine, smoothed(classifier, withLoss(classifier, forward), options), { N: batchSize });
    const { graph, moved } = sharpGraph(classifier, forward, statistics, plain, options);
    const traced = await traceShapes(engine, graph);
    const learned = learnedParameters(classifier.graph).map((name) => ({ name, optimizer, mask: masks[name], gradientAt: moved[name] }));
    return TrainingStep.down(
      engine,
      classifier,
      { graph: traced, loss: 'sam:loss', outputs: ['loss', 'correct'], learned, statistics },
      given,
    );
  };
}

/** Adds `smooth:targets`, 1 - s for the class and s / (K - 1) for each other, and `smooth:loss`, the cross-entropy to them. */
function smoothed(classifier: Classifier, graph: Graph, { label_smoothing: s }: SharpnessOptions): Graph {
  const builder = new GraphBuilder('ft-sam', graph);
  const other = s / Math.max(1, classifier.classes - 1);
  const soft = builder.add(builder.mul(PORTS.targets, builder.scalar(1 - s - other)), builder.scalar(other));
  builder.output(builder.identity(soft), 'smooth:targets');
  builder.output(crossEntropy(builder, classifier.graph.outputs[0].name, 'smooth:targets'), 'smooth:loss');
  for (const { name } of graph.outputs) builder.output(name);
  return builder.build();
}

function sharpGraph(
  classifier: Classifier,
  forward: Graph,
  statistics: readonly RunningStatistics[],
  traced: Graph,
  { rho, adaptive }: SharpnessOptions,
): { graph: Graph; moved: Record<string, Value> } {
  const names = learnedParameters(classifier.graph);
  const builder = new GraphBuilder('ft-sam:sharp', traced);
  const gradients = pullBack(builder, traced, [['smooth:loss', builder.scalar(1)]], names);
  const scaled = gradients.map((gradient, i) => (adaptive ? builder.mul(builder.abs(names[i]), gradient) : gradient));
  const squares = scaled.map((value) => builder.reduceSum(builder.mul(value, value))).reduce((a, b) => builder.add(a, b));
  const factor = builder.div(builder.scalar(rho), builder.add(builder.sqrt(squares), builder.scalar(SMALLEST)));
  const moved: Record<string, Value> = {};
  names.forEach((name, i) => {
    const direction = adaptive ? builder.mul(builder.abs(name), scaled[i]) : scaled[i];
    moved[name] = builder.add(name, builder.mul(direction, factor));
  });
  const replaced: Record<string, Value> = { ...moved, [forward.inputs[0].name]: PORTS.images };
  // Each copy of a normalisation in training form needs stored statistics of its own, see training-form.ts.
  for (const { mean, variance } of statistics) for (const name of [mean, variance]) replaced[name] = builder.mul(name, builder.scalar(2));
  const logits = addCopy(builder, forward, 'moved', replaced)(forward.outputs[0].name);
  builder.output(crossEntropy(builder, logits, 'smooth:targets'), 'sam:loss');
  for (const { name } of traced.outputs) builder.output(name);
  return { graph: builder.build(), moved };
}
