import { UserError } from '../../core/errors.js';
import { floats, sizeOf } from '../../core/tensor.js';
import type { Graph, Model } from '../../onnx/graph.js';
import { readModel } from '../../onnx/read.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { type Engine, runOnce } from '../../runtime/engine.js';
import type { Classifier } from '../classifier.js';
import { learnedParameters } from '../parameters.js';
import { unitPixels } from '../pixels.js';
import { assemble, PIXELS } from './assemble.js';
import { dimsOf } from './batch-axis.js';
import { type Body, chooseBody } from './choose-body.js';
import type { PixelConvention, PixelOptions } from './convention.js';
import { conventionOf } from './convention-of.js';
import { fixValues, foldValues } from './fixed-values.js';
import { areProbabilities, classesOf, type Head, headOf } from './head.js';
import { nameSqueezedAxes } from './named-axes.js';
import { PREFIX } from './names.js';
import { describeProblem, openGraph } from './open-graph.js';
import type { ModelFile, Origin } from './origin.js';
import { agree, type FilePorts, refusable, runFile, testImages } from './reference.js';

/** Differences that float32 and float16 come to in a deep network, relative to the largest result. */
const TOLERANCE = { float32: 1e-3, float16: 3e-2 };
/** What the batch axis is called; everything that compiles a classifier gives it its size by this name. */
const BATCH = 'N';
/** Least images on which a file and what is made of it are compared. */
const COMPARED = 3;

/** A classifier from somebody else's file, and what was found out about the file. */
export interface Imported {
  readonly classifier: Classifier & { readonly origin: Origin };
  readonly head: Head;
  readonly body: Body;
}

/**
 * Makes a classifier of an ONNX file that another program wrote: any operator set from 7 on, [N, C, H, W] or [N, H, W, C],
 * any range of pixels, any batch size, logits or probabilities. What comes out takes pixels in [0, 1] and gives logits, and
 * was compared with the file on made-up images: both gave the same.
 * @param model what is in the file, where it was read already.
 * @throws UserError when the file is damaged, is no image classifier, or holds something that is not supported; the message
 *   names the node.
 */
export async function importClassifier(
  engine: Engine,
  file: ModelFile,
  options: PixelOptions = {},
  model = readModel(file.bytes, file.name, file.external),
): Promise<Imported> {
  const { graph: opened, stored, problems } = openGraph(model, file.name);
  if (problems.length > 0) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more, which antidote inspect lists)` : '';
    throw new UserError(`${file.name}: ${describeProblem(problems[0])}${more}`);
  }
  const ports = portsOfFile(model, opened, options, file);
  const { convention, batch } = ports;
  const images = testImages(Math.ceil(COMPARED / batch) * batch, convention.imageShape);
  const expected = await runFile(engine, file, ports, images);
  const traced = await refusable(file, () => nameSqueezedAxes(engine, withImages(opened, batch, convention), batch));
  const classes = classesOf(traced, batch, file.name);
  const head = headFor(traced, expected, classes);
  const rank = dimsOf(traced, head.logits).length;
  const tolerance = isHalf(model) ? TOLERANCE.float16 : TOLERANCE.float32;

  const agrees = async (form: Graph, count: number) => {
    const { graph: whole, output } = assemble(form, convention, head, { rank, classes });
    const part = images.subarray(0, count * sizeOf(convention.imageShape));
    const outputs = await runOnce(engine, { ...whole, outputs: [{ name: output }] }, { [PIXELS]: unitPixels(part, convention.imageShape) });
    return agree(expected.subarray(0, count * classes), floats(outputs[output]), tolerance);
  };
  const graph = { ...traced, inputs: opened.inputs, types: opened.types };
  const body = await chooseBody(graph, await foldValues(engine, traced, batch), batch, agrees, file.name);

  const { graph: whole, logits } = assemble(body.graph, convention, head, { rank, classes });
  const rows = body.fixed ? batch : BATCH;
  const needed = ancestorsOf(whole, [logits]);
  const ready: Graph = {
    ...needed,
    inputs: [{ name: PIXELS, type: 'float32', dims: [rows, ...convention.imageShape] }],
    outputs: [{ name: logits, type: 'float32', dims: [rows, classes] }],
    types: traced.types,
  };
  const foreign = learnedParameters(ready).find((parameter) => !parameter.startsWith(PREFIX));
  if (foreign !== undefined) throw new Error(`'${foreign}' would be trained, but is no tensor of ${file.name}`);
  const final = body.fixed ? ready : await fixValues(engine, ready);
  const name = nameOf(file);
  const origin: Origin = { file, ...ports, squashing: head.squashing, initial: final.initializers, stored, tolerance };
  const classifier = {
    name,
    graph: { ...final, name, types: new Map() },
    imageShape: convention.imageShape,
    classes,
    ...(body.fixed && { batch }),
    origin,
  };
  return { classifier, head, body };
}

/** How the file is run as it is. A batch size that it leaves open is taken for 1, as graphs that are made for one example run with it. */
export function portsOfFile(model: Model, graph: Graph, options: PixelOptions, file: ModelFile): FilePorts {
  const [input] = model.graph.inputs;
  const asStored = { ...graph, inputs: [{ ...graph.inputs[0], type: input.type, dims: input.dims }] };
  const convention = conventionOf(asStored, model.metadata, options, file.name);
  const stated = input.dims?.[0];
  return { input, output: model.graph.outputs[0].name, convention, batch: typeof stated === 'number' ? stated : 1 };
}

/** The graph with its input at a size. */
function withImages(graph: Graph, batch: number, { layout, imageShape }: PixelConvention): Graph {
  const [channels, height, width] = imageShape;
  const sizes = { nchw: [channels, height, width], nhwc: [height, width, channels], nhw: [height, width] }[layout];
  return { ...graph, inputs: [{ ...graph.inputs[0], dims: [batch, ...sizes] }] };
}

/** Probabilities that come out of no operator that is known are known by their sums. */
function headFor(traced: Graph, results: Float32Array, classes: number): Head {
  const head = headOf(traced);
  return head.squashing === 'none' && areProbabilities(results, classes) ? { ...head, squashing: 'probabilities' } : head;
}

function isHalf({ graph }: Model): boolean {
  return [...graph.initializers.values()].some(({ type }) => type === 'float16');
}

function nameOf({ name }: ModelFile): string {
  return (name.split(/[\\/]/).at(-1) ?? name).replace(/\.onnx$/i, '');
}
