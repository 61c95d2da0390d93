import { z } from 'zod';
import { checkInterrupted, UserError } from '../core/errors.js';
import { float32, floats, full, type Tensor } from '../core/tensor.js';
import { type Dataset, pixelsPerImage, sizeOfDataset } from '../data/dataset.js';
import { split } from '../data/sample.js';
import { type Classifier, portsOf, withParameters } from '../nn/classifier.js';
import { type Head, headOf } from '../nn/head.js';
import { unitPixels } from '../nn/pixels.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { ancestorsOf } from '../onnx/rewrite.js';
import type { Engine } from '../runtime/engine.js';
import type { Defense, DefenseContext } from './defense.js';
import { fineTuneOptions, prepareFineTune } from './fine-tune.js';
import { heldOutOptions } from './held-out.js';

const options = z.object({
  once_prune_ratio: z.number().gt(0).max(1).default(0.01).describe('share of the units that is pruned in one step, above 0 up to 1'),
  ...heldOutOptions,
  ...fineTuneOptions,
});

const BATCH = 250;

/** Fine-pruning: units that clean images leave idle are cut off from the logits, then the model is fine-tuned. */
export const fp: Defense<typeof options> = {
  name: 'fp',
  title: 'FP',
  summary: 'Cuts off the last units that clean images use least, as long as their accuracy holds, and fine-tunes.',
  paper: {
    title: 'Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks',
    authors: 'Liu, Dolan-Gavitt, Garg',
    venue: 'RAID',
    year: 2018,
  },
  options,

  async repair({ model, clean }, options, context) {
    const { acc_ratio, once_prune_ratio, held_out, epochs } = options;
    const head = headOf(model.graph);
    if (!head) throw new UserError(`model '${model.name}' has no linear layer with stored weights, which FP prunes; use another defence`);
    const fineTune = prepareFineTune(clean, options, context);
    const started = performance.now();
    const { held, rest } = split(clean, held_out, context.random.fork('held out'));
    const order = leastActiveFirst(await featuresOf(model, head, rest, context), head.units);
    const step = Math.ceil(once_prune_ratio * head.units);
    const tail = await compileTail(context.engine, model, head, await featuresOf(model, head, held, context), held.labels);
    let count = 0;
    let accuracy: number;
    let before: number;
    try {
      before = await tail.accuracy([]);
      accuracy = before;
      for (let next = step; next < head.units; next += step) {
        const pruned = await tail.accuracy(order.slice(0, next));
        if (before - pruned >= acc_ratio * before) break;
        [count, accuracy] = [next, pruned];
      }
    } finally {
      await tail.release();
    }
    const units = order.slice(0, count).toSorted((a, b) => a - b);
    const pruneSeconds = (performance.now() - started) / 1000;
    const mask = unitMask(model.graph.initializers.get(head.weight) as Tensor, head, units);
    const tuning = performance.now();
    const { classifier, history } = await fineTune(masked(model, head.weight, mask), { [head.weight]: mask });
    return {
      model: classifier,
      pruned: { [head.weight]: units },
      history,
      rule:
        `The ${count} of ${head.units} units before the logits that are least active on clean images were cut off: ` +
        `as many, in steps of ${step}, as leave the accuracy on ${sizeOfDataset(held)} held-out clean images within ${acc_ratio} of what it was ` +
        `(${before.toFixed(4)}, then ${accuracy.toFixed(4)}). They stayed so during ${epochs} epochs of fine-tuning on all clean images.`,
      seconds: { prune: pruneSeconds, 'fine-tune': (performance.now() - tuning) / 1000 },
    };
  },
};

/** What the last linear layer reads for each image, [N, M]. */
async function featuresOf(model: Classifier, { features, units }: Head, images: Dataset, { engine, signal }: DefenseContext) {
  const size = sizeOfDataset(images);
  const pixels = pixelsPerImage(images);
  const values = new Float32Array(size * units);
  const program = await engine.compile(ancestorsOf(model.graph, [features]));
  try {
    for (let first = 0; first < size; first += BATCH) {
      checkInterrupted(signal, 'while looking at the units');
      const part = unitPixels(images.images.subarray(first * pixels, Math.min(first + BATCH, size) * pixels), images.imageShape);
      values.set(floats((await program.run({ [portsOf(model).input]: part }))[features]), first * units);
    }
  } finally {
    await program.release();
  }
  return values;
}

function leastActiveFirst(features: Float32Array, units: number): number[] {
  const activity = new Float64Array(units);
  features.forEach((value, i) => {
    activity[i % units] += value;
  });
  return Array.from(activity.keys()).sort((a, b) => activity[a] - activity[b] || a - b);
}

/** From the features on: the accuracy on the held-out images with some units cut off. */
async function compileTail(engine: Engine, model: Classifier, head: Head, features: Float32Array, labels: Int32Array) {
  const program = await engine.compile(tailGraph(model.graph, head));
  const accuracy = async (cut: readonly number[]) => {
    const keep = full([head.units], 1);
    for (const unit of cut) keep.data[unit] = 0;
    const { best } = await program.run({ 'tail:features': float32([labels.length, head.units], features), 'tail:keep': keep });
    return labels.reduce((hits, label, image) => hits + (Number(best.data[image]) === label ? 1 : 0), 0) / labels.length;
  };
  return { accuracy, release: () => program.release() };
}

function tailGraph(graph: Graph, { features, units }: Head): Graph {
  const before = new Set(ancestorsOf(graph, [features]).nodes);
  const [{ name: output }] = graph.outputs;
  const whole = ancestorsOf(graph, [output]);
  const builder = new GraphBuilder('tail');
  const kept = builder.mul(builder.input('tail:features', 'float32', ['N', units]), builder.input('tail:keep', 'float32', [units]));
  builder.append({ name: '', opType: 'Identity', domain: '', inputs: [kept], outputs: [features], attributes: {} });
  builder.include({ ...whole, inputs: [], nodes: whole.nodes.filter((node) => !before.has(node)), types: new Map() });
  builder.output(builder.argMax(output, 1), 'best');
  return builder.build();
}

/** Ones, with zeros in the weights that read the given units. */
function unitMask({ dims }: Tensor, { transposed, units }: Head, cut: readonly number[]): Tensor<'float32'> {
  const mask = full(dims, 1);
  const outputs = mask.data.length / units;
  for (const unit of cut) for (let k = 0; k < outputs; k++) mask.data[transposed ? k * units + unit : unit * outputs + k] = 0;
  return mask;
}

function masked(model: Classifier, name: string, mask: Tensor<'float32'>): Classifier {
  const value = model.graph.initializers.get(name) as Tensor;
  return withParameters(model, {
    [name]: float32(
      value.dims,
      floats(value).map((weight, i) => (mask.data[i] === 0 ? 0 : weight)),
    ),
  });
}
