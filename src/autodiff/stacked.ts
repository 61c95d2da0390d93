import { GraphBuilder, type Value } from '../onnx/builder.js';
import { isElementwise } from '../onnx/elementwise.js';
import type { Graph, Node } from '../onnx/graph.js';
import { type Dims, inferShapes } from '../onnx/infer-shapes.js';
import { ancestorsOf } from '../onnx/rewrite.js';
import { pullBack } from './gradient.js';

/** A pull-back in two parts: what depends on the images alone, and what depends on the cotangent. */
export interface StackedPullBack {
  /** From the images [B, ...] to the value that is pulled back from, and to the residuals, in this order. */
  readonly forward: Graph;
  /** Shapes by name, [B, ...], of the values of the forward computation that the linear part multiplies by. */
  readonly residuals: ReadonlyMap<Value, readonly number[]>;
  /** From {@link COTANGENT} [G · B, ...] and the residuals to the cotangent of the images, [G · B, ...], its only output. */
  readonly linear: Graph;
}

/** Name of the linear part's input for the cotangent. */
export const COTANGENT = 'stacked:cotangent';

/**
 * The vector-Jacobian product for many cotangents at one point. It is linear in the cotangent, with coefficients that depend on
 * the images alone, such as the masks of activations. So the forward computation is done once for B images, and G
 * cotangents go back together, stacked along the batch axis, while each residual serves all G.
 *
 * Residuals may enter elementwise operators only, which is where activations put them. There the batch axis is taken apart into
 * [G, B] and the residual broadcast over G. A constant factor behind a residual is multiplied into it beforehand.
 * @param single a function of images with one input, traced for B of them; `stacked` the same traced for G · B.
 * @param of the value to pull back from.
 * @returns undefined where a residual enters another operator, or the batch axis is not the first.
 */
export function stackedPullBack(single: Graph, stacked: Graph, of: Value): StackedPullBack | undefined {
  const [one, many] = [single, stacked].map((graph) => gatherFactors(gradientGraph(graph, of)));
  const [images, all] = [single, stacked].map((graph) => graph.inputs[0].dims?.[0] as number);
  const kinds = kindsOf(one);
  const [small, large] = [one, many].map(inferShapes);
  const builder = new GraphBuilder(`${single.name}:linear`);
  builder.avoid(many);
  for (const [name, value] of many.initializers) builder.parameter(name, value);
  builder.input(COTANGENT, 'float32', large.get(COTANGENT) as number[]);

  const residuals = new Map<Value, readonly number[]>();
  for (const node of many.nodes) {
    const kind = kinds.get(node.outputs[0]);
    if (kind === undefined) return undefined;
    if (kind === 'residual') continue;
    const entering = kind === 'linear' ? node.inputs.filter((name) => kinds.get(name) === 'residual') : [];
    const dims = large.get(node.outputs[0]);
    if (entering.length > 0 && (!isElementwise(node) || !isBatch(dims, all))) return undefined;
    for (const name of entering) {
      const own = small.get(name);
      if (!isBatch(own, images) || own.length !== dims?.length) return undefined;
      if (!residuals.has(name)) builder.input(name, 'float32', own);
      residuals.set(name, own);
    }
    if (entering.length === 0) builder.append(node);
    else apply(builder, node, dims as readonly number[], { copies: all / images, images }, kinds, residuals);
  }
  const gradient = many.outputs[0].name;
  builder.output(gradient);
  return {
    forward: ancestorsOf(one, [...new Set([of, ...residuals.keys()])]),
    residuals,
    linear: ancestorsOf(builder.build(), [gradient]),
  };
}

/** Adds an elementwise node that residuals enter, over [G, B, ...] with each residual as [1, B, ...]. */
function apply(
  builder: GraphBuilder,
  node: Node,
  dims: readonly number[],
  { copies, images }: { copies: number; images: number },
  kinds: ReadonlyMap<Value, Kind>,
  residuals: ReadonlyMap<Value, readonly number[]>,
): void {
  if (copies === 1) {
    builder.append(node);
    return;
  }
  const rest = dims.slice(1);
  const inputs = node.inputs.map((name) => {
    const residual = residuals.get(name);
    if (residual) return builder.reshape(name, [1, ...residual]);
    return kinds.get(name) === 'linear' ? builder.reshape(name, [copies, images, ...rest]) : name;
  });
  const [result] = builder.op(node.opType, inputs, node.attributes);
  const whole = builder.integers([copies * images, ...rest]);
  builder.append({ name: node.name, opType: 'Reshape', domain: '', inputs: [result, whole], outputs: node.outputs, attributes: {} });
}

/** The function with its pull-back: {@link COTANGENT} among the inputs; outputs are the images' cotangent and `of`. */
function gradientGraph(graph: Graph, of: Value): Graph {
  const builder = new GraphBuilder(graph.name, graph);
  const cotangent = builder.input(COTANGENT, 'float32', graph.types.get(of)?.dims);
  const [gradient] = pullBack(builder, graph, [[of, cotangent]], [graph.inputs[0].name]);
  return ancestorsOf(builder.build(), [gradient, of]);
}

type Kind = 'constant' | 'residual' | 'linear';

/** What each value of a gradient's graph depends on: on nothing that is given, on the images, or on the cotangent. */
function kindsOf(graph: Graph): Map<Value, Kind> {
  const kinds = new Map<Value, Kind>(graph.inputs.map(({ name }) => [name, name === COTANGENT ? 'linear' : 'residual']));
  for (const name of graph.initializers.keys()) kinds.set(name, 'constant');
  for (const { inputs, outputs } of graph.nodes) {
    const found = new Set(inputs.map((name) => kinds.get(name)));
    const kind = found.has('linear') ? 'linear' : found.has('residual') ? 'residual' : 'constant';
    for (const name of outputs) kinds.set(name, kind);
  }
  return kinds;
}

/** (g · r) · c with a residual r and a constant c, both factors, becomes g · (r · c): the slope behind the mask of an activation. */
function gatherFactors(graph: Graph): Graph {
  const kinds = kindsOf(graph);
  const shapes = inferShapes(graph);
  const producers = new Map(graph.nodes.map((node) => [node.outputs[0], node]));
  const readers = new Map<Value, number>();
  for (const { inputs } of graph.nodes) for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  const factorsOf = (node: Node | undefined, kind: Kind): [Value, Value] | undefined => {
    if (node?.opType !== 'Mul') return undefined;
    const [a, b] = node.inputs;
    if (kinds.get(a) === 'linear' && kinds.get(b) === kind) return [a, b];
    return kinds.get(b) === 'linear' && kinds.get(a) === kind ? [b, a] : undefined;
  };
  const nodes = graph.nodes.flatMap((node) => {
    const outer = factorsOf(node, 'constant');
    const inner = outer && readers.get(outer[0]) === 1 ? factorsOf(producers.get(outer[0]), 'residual') : undefined;
    if (!outer || !inner || !spans(shapes.get(inner[1]), shapes.get(outer[1]))) return [node];
    const product = `${node.outputs[0]}:factor`;
    return [
      { name: product, opType: 'Mul', domain: '', inputs: [inner[1], outer[1]], outputs: [product], attributes: {} },
      { ...node, inputs: [inner[0], product] },
    ];
  });
  return ancestorsOf(
    { ...graph, nodes },
    graph.outputs.map(({ name }) => name),
  );
}

/** Whether a value of the second shape is broadcast to the first, and not the other way. */
function spans(whole: Dims | undefined, part: Dims | undefined): boolean {
  if (!whole || !part || part.length > whole.length) return false;
  return part.every((size, axis) => size === 1 || size === whole[axis + whole.length - part.length]);
}

function isBatch(dims: Dims | undefined, size: number): dims is readonly number[] {
  return dims !== undefined && dims[0] === size && dims.every((dim) => dim !== undefined);
}
