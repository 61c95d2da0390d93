import { nodesWithoutRule } from '../../autodiff/gradient.js';
import { UserError } from '../../core/errors.js';
import { describeNode, type Graph, intAttribute, intsAttribute, type Model, type OutputInfo } from '../../onnx/graph.js';
import type { Engine } from '../../runtime/engine.js';
import { type ConvLayer, convLayers } from '../feature-maps.js';
import { isOwn } from '../onnx-file.js';
import { learnedParameters } from '../parameters.js';
import { describePixels, type PixelOptions } from './convention.js';
import { checkDifferentiable } from './differentiable.js';
import { describeHead } from './head.js';
import { importClassifier } from './import.js';
import { notesOn } from './notes.js';
import { describeProblem, type OpenedGraph, openGraph } from './open-graph.js';
import { countParameters, type ModelFile } from './origin.js';

/** A convolution of an inspected model. */
export interface InspectedLayer {
  readonly name: string;
  /** Feature maps: output channels. */
  readonly maps: number;
  /** Height and width. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly groups: number;
  /** Whether a batch normalisation is the only reader of its maps. */
  readonly normalised: boolean;
}

/** How often a model uses an operator, and whether gradients can pass through all of these nodes. */
export interface InspectedOperator {
  readonly operator: string;
  readonly nodes: number;
  readonly supported: boolean;
}

/** What a model file holds, and what can be done with it. */
export interface Inspection {
  readonly file: string;
  /** ONNX operator set. */
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly OutputInfo[];
  readonly outputs: readonly OutputInfo[];
  /** Numbers that training changes. */
  readonly parameters: number;
  /** In the order in which they run. */
  readonly layers: readonly InspectedLayer[];
  readonly operators: readonly InspectedOperator[];
  /** What stands in the way of a repair, one line each, with the node's name; none where nothing does. */
  readonly problems: readonly string[];
  /** What a trial run showed; undefined where none was possible. */
  readonly classifier?: InspectedClassifier;
}

/** A model that runs. */
export interface InspectedClassifier {
  /** Channels, height, width. */
  readonly imageShape: readonly number[];
  readonly classes: number;
  /** Which pixels it is given, in words. */
  readonly pixels: string;
  /** What it gives, in words. */
  readonly gives: string;
  /** Images at a time; undefined where it takes any number. */
  readonly batch?: number;
  /** See {@link notesOn}. */
  readonly notes: readonly string[];
}

/**
 * Looks at a model: what it takes and gives, its feature maps, its operators, and what of it is not supported. Where nothing
 * stands in the way it is run on made-up images, and its gradient is built.
 * @param model what is in the file.
 */
export async function inspectModel(engine: Engine, file: ModelFile, model: Model, options: PixelOptions = {}): Promise<Inspection> {
  const { opset, metadata, graph } = model;
  const opened = attempt(() => openGraph(model, file.name));
  const facts = 'error' in opened ? nothingMore(graph, opened.error) : lookInside(opened.value);
  const stated = { file: file.name, opset, metadata, inputs: graph.inputs, outputs: graph.outputs };
  const { unsupported, ...known } = facts;
  const operators = countOperators(graph, unsupported);
  if (facts.problems.length > 0) return { ...stated, ...known, operators };
  const tried = await tryOut(engine, file, model, isOwn(model) ? { ...options, scale: 1 } : options);
  return { ...stated, ...known, operators, ...tried };
}

interface Facts extends Pick<Inspection, 'parameters' | 'layers' | 'problems'> {
  /** Operators of the nodes that stand in the way. */
  readonly unsupported: ReadonlySet<string>;
}

function nothingMore(graph: Graph, error: UserError): Facts {
  return { parameters: countParameters(graph, learnedParameters(graph)), layers: [], problems: [error.message], unsupported: new Set() };
}

function lookInside({ graph, problems }: OpenedGraph): Facts {
  const learned = learnedParameters(graph);
  const found = attempt(() => convLayers(graph));
  const known = new Set(problems.map(({ node }) => node.name));
  const missing = nodesWithoutRule(graph, [graph.inputs[0].name, ...learned]).filter(({ name }) => !known.has(name));
  return {
    parameters: countParameters(graph, learned),
    layers: 'error' in found ? [] : found.value.map((layer) => inspectLayer(layer, graph)),
    problems: [...problems.map(describeProblem), ...missing.map((node) => `no gradient is known for ${describeNode(node)}`)],
    unsupported: new Set([...problems.map(({ node }) => node), ...missing].map(({ opType }) => opType)),
  };
}

function inspectLayer({ name, channels, weight, output, norm }: ConvLayer, graph: Graph): InspectedLayer {
  const node = graph.nodes.find(({ outputs }) => outputs[0] === output) as Graph['nodes'][number];
  return {
    name,
    maps: channels,
    kernel: graph.initializers.get(weight)?.dims.slice(2) ?? [],
    strides: intsAttribute(node, 'strides') ?? [1, 1],
    groups: intAttribute(node, 'group', 1),
    normalised: norm !== undefined,
  };
}

function countOperators({ nodes }: Graph, unsupported: ReadonlySet<string>): InspectedOperator[] {
  const counts = new Map<string, InspectedOperator>();
  for (const { opType, domain } of nodes) {
    const operator = domain === '' ? opType : `${domain}.${opType}`;
    const supported = !unsupported.has(opType);
    counts.set(operator, { operator, nodes: (counts.get(operator)?.nodes ?? 0) + 1, supported });
  }
  return [...counts.values()].sort((a, b) => b.nodes - a.nodes || a.operator.localeCompare(b.operator, 'en'));
}

/** Makes a classifier of the file, and builds its gradient. */
async function tryOut(
  engine: Engine,
  file: ModelFile,
  model: Model,
  options: PixelOptions,
): Promise<Pick<Inspection, 'problems' | 'classifier'>> {
  const problems: string[] = [];
  const complaint = (error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
  };
  const imported = await importClassifier(engine, file, options, model).catch(complaint);
  if (!imported) return { problems };
  await checkDifferentiable(engine, imported.classifier).catch(complaint);
  const { imageShape, classes, batch, origin } = imported.classifier;
  const [pixels, gives] = [describePixels(origin.convention), describeHead(imported.head)];
  return { problems, classifier: { imageShape, classes, pixels, gives, ...(batch !== undefined && { batch }), notes: notesOn(imported) } };
}

function attempt<T>(work: () => T): { value: T } | { error: UserError } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof UserError) return { error };
    throw error;
  }
}
