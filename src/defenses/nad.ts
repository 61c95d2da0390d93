import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { addCopy } from '../onnx/copy.js';
import type { Graph } from '../onnx/graph.js';
import { traceShapes } from '../runtime/trace.js';
import { type CompileStep, PORTS, TrainingStep, withLoss } from '../train/step.js';
import { trainingForm } from '../train/training-form.js';
import type { Defense } from './defense.js';
import { fineTuneOptions, prepareFineTune } from './fine-tune.js';

const options = z.object({
  te_epochs: z.int().min(1).default(10).describe('epochs of fine-tuning that make the teacher, from 1'),
  beta: z
    .array(z.number().min(0))
    .min(1)
    .default([500, 1000, 1000])
    .describe('weights of the attention losses, one for each of the last resolutions of the feature maps, the smallest last; from 0'),
  power: z.number().gt(0).default(2).describe('exponent of the feature maps in the attention map, above 0'),
  ...fineTuneOptions,
});

/** Keeps the length of an attention map of zeros from dividing by zero. */
const SMALLEST = 1e-6;

/** Neural attention distillation. */
export const nad: Defense<typeof options> = {
  name: 'nad',
  title: 'NAD',
  summary: 'Fine-tunes a copy as teacher, then the model itself with its attention held to that of the teacher.',
  paper: {
    title: 'Neural Attention Distillation: Erasing Backdoor Triggers from Deep Neural Networks',
    authors: 'Li, Lyu, Koren, Lyu, Li, Ma',
    venue: 'ICLR',
    year: 2021,
  },
  options,

  async repair({ model, clean }, options, context) {
    const seconds: Record<string, number> = {};
    const teach = prepareFineTune(clean, { ...options, epochs: options.te_epochs }, { ...context, random: context.random.fork('teacher') });
    const started = performance.now();
    const teacher = await teach(model);
    seconds['fine-tune teacher'] = (performance.now() - started) / 1000;
    const learning = performance.now();
    const student = await prepareFineTune(clean, options, context, { compileStep: attentionStep(teacher.classifier, options) })(model);
    seconds.distil = (performance.now() - learning) / 1000;
    return {
      model: student.classifier,
      pruned: {},
      history: student.history,
      rule:
        `A copy was fine-tuned for ${options.te_epochs} epochs as teacher; the model then learned for ${options.epochs} epochs from the labels and, ` +
        `with weights ${options.beta.join(', ')}, from the teacher's attention at the last ${options.beta.length} resolutions. Its last epoch was taken.`,
      seconds,
    };
  },
};

/**
 * A step down CE + Σ β mean (A(student) - A(teacher))², with the attention map A of features f [N, C, H, W] being Σ_c |f_c|^p, flattened
 * and divided by its length. The teacher stands in inference form.
 */
function attentionStep(teacher: Classifier, { beta, power }: { readonly beta: readonly number[]; readonly power: number }): CompileStep {
  return async (engine, student, given) => {
    const { batchSize, optimizer, masks = {} } = given;
    const { graph: forward, statistics } = trainingForm(student.graph);
    const traced = await traceShapes(engine, withLoss(student, forward), { N: batchSize });
    const taps = lastOfEachResolution(traced, beta.length, student);
    const builder = new GraphBuilder('nad', traced);
    const parameters = [...teacher.graph.initializers].map(([name, value]) => [name, builder.parameter(`teacher/${name}`, value)]);
    const nameOf = addCopy(builder, teacher.graph, 'teacher', {
      ...Object.fromEntries(parameters),
      [portsOf(teacher).input]: PORTS.images,
    });
    const attention = (value: Value) => {
      const powers = builder.reduceSum(builder.pow(builder.abs(value), builder.scalar(power)), [1]);
      const flat = builder.flatten(powers);
      const length = builder.sqrt(builder.reduceSum(builder.mul(flat, flat), [1], true));
      return builder.div(flat, builder.add(length, builder.scalar(SMALLEST)));
    };
    let total: Value = 'loss';
    taps.forEach((tap, i) => {
      const difference = builder.sub(attention(tap), attention(nameOf(tap)));
      total = builder.add(total, builder.mul(builder.reduceMean(builder.mul(difference, difference)), builder.scalar(beta[i])));
    });
    builder.output(total, 'distillation');
    const graph = await traceShapes(engine, builder.build());
    const learned = learnedParameters(student.graph).map((name) => ({ name, optimizer, mask: masks[name] }));
    return TrainingStep.down(engine, student, { graph, loss: 'distillation', outputs: ['loss', 'correct'], learned, statistics }, given);
  };
}

/**
 * The last value of each of the last resolutions of feature maps, the largest first: in a residual network what its last stages give.
 * A map of a single position has no attention and does not count.
 * @throws UserError when the network has fewer resolutions.
 */
function lastOfEachResolution(graph: Graph, count: number, { name }: Classifier): Value[] {
  const last = new Map<string, Value>();
  const first = graph.nodes.findIndex(({ opType }) => opType === 'Conv');
  for (const value of graph.nodes.slice(first).flatMap(({ outputs }) => outputs)) {
    const { type, dims = [] } = graph.types.get(value) ?? {};
    const [height, width] = dims.slice(2).map(Number);
    if (type !== 'float32' || dims.length !== 4 || height * width <= 1) continue;
    // Deleted first, so that the order is that of the last values.
    last.delete(`${height}x${width}`);
    last.set(`${height}x${width}`, value);
  }
  const values = [...last.values()].slice(-count);
  if (values.length < count) {
    throw new UserError(
      `model '${name}' has feature maps of ${values.length} resolutions, fewer than the ${count} weights of --beta; give as many`,
    );
  }
  return values;
}
