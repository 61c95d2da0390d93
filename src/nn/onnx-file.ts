import { UserError } from '../core/errors.js';
import { type Graph, type Model, OPSET, type OutputInfo } from '../onnx/graph.js';
import { readModel } from '../onnx/read.js';
import { writeModel } from '../onnx/write.js';
import type { Classifier } from './classifier.js';

/** Metadata key that holds {@link Classifier.name}. */
const NAME_KEY = 'antidote.name';
/** What the batch axis is called; everything that compiles a classifier gives it its size by this name. */
const BATCH = 'N';

/**
 * Writes a classifier as an ONNX file that any runtime can run: pixels in [0, 1] in, logits out, any batch size.
 * The same classifier and metadata give the same bytes.
 * @param metadata stored with the model beside its name; keys should begin with `antidote.`.
 */
export function encodeClassifier(classifier: Classifier, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  return writeModel({ graph: classifier.graph, opset: OPSET, metadata: { ...metadata, [NAME_KEY]: classifier.name } });
}

/**
 * Reads a classifier from an ONNX file with one float32 input [N, C, H, W] and one float32 output [N, K]. A batch size
 * that the file fixes is made free, as exporters write the size of whatever example they were given.
 * @param file its name, for messages.
 * @throws UserError when the file is damaged, or the model is no such classifier.
 */
export function decodeClassifier(bytes: Uint8Array, file: string): Classifier {
  return classifierOf(readModel(bytes, file), file);
}

/** Whether a model was written here, and so says itself what it is: pixels in [0, 1] in, logits out. */
export function isOwn({ metadata }: Model): boolean {
  return Object.hasOwn(metadata, NAME_KEY);
}

/** The classifier in a model; see {@link decodeClassifier}. */
export function classifierOf({ graph, opset, metadata }: Model, file: string): Classifier {
  if (opset !== OPSET) {
    throw new UserError(`${file}: is written in ONNX operator set ${opset}, but only ${OPSET} can be read; convert the model to ${OPSET}`);
  }
  const imageShape = imageShapeOf(graph, file);
  const classes = classesOf(graph, file);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const free: Graph = {
    ...graph,
    inputs: [{ ...input, dims: [BATCH, ...imageShape] }],
    outputs: [{ ...output, dims: [BATCH, classes] }],
  };
  return { name: metadata[NAME_KEY] || graph.name || 'classifier', graph: free, imageShape, classes };
}

function imageShapeOf({ inputs }: Graph, file: string): readonly [number, number, number] {
  const expected = 'expected one input of float32 pixels [N, C, H, W]';
  const remedy = 'export an image classifier with C, H and W fixed';
  if (inputs.length !== 1) throw new UserError(`${file}: the model has ${inputs.length} inputs, ${expected}; ${remedy}`);
  const [input] = inputs;
  const [channels, height, width] = input.dims?.slice(1) ?? [];
  if (input.type !== 'float32' || input.dims?.length !== 4 || !isSize(channels) || !isSize(height) || !isSize(width)) {
    throw new UserError(`${file}: the model's input '${input.name}' is ${inWords(input)}, ${expected}; ${remedy}`);
  }
  return [channels, height, width];
}

function classesOf({ outputs }: Graph, file: string): number {
  const expected = 'expected one output of float32 logits [N, K]';
  const remedy = 'export a classifier with one score for each class';
  if (outputs.length !== 1) throw new UserError(`${file}: the model has ${outputs.length} outputs, ${expected}; ${remedy}`);
  const [output] = outputs;
  const classes = output.dims?.[1];
  if (output.type !== 'float32' || output.dims?.length !== 2 || !isSize(classes)) {
    throw new UserError(`${file}: the model's output '${output.name}' is ${inWords(output)}, ${expected}; ${remedy}`);
  }
  return classes;
}

function isSize(dim: unknown): dim is number {
  return typeof dim === 'number' && dim >= 1;
}

function inWords({ type, dims }: Pick<OutputInfo, 'type' | 'dims'>): string {
  return `${type ?? 'of unknown type'} ${dims ? `[${dims.join(', ')}]` : 'of unknown shape'}`;
}
