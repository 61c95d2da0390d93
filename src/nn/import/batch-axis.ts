import { sizeOf } from '../../core/tensor.js';
import { type Graph, intAttribute, intsAttribute, type Node } from '../../onnx/graph.js';

/**
 * Where the images of a batch are in a value: in [N, 3, 32, 32] along axis 0, in what a transposition makes of it perhaps along
 * another. An axis may count other things too: that of [50 N, 64] counts 50 positions, and for each of them the images, or the
 * other way about.
 */
export interface BatchAxis {
  readonly axis: number;
  /** Size of what the axis counts outside the images: 50 where it counts the images of each of 50 positions. */
  readonly outside: number;
}

export type BatchAxes = ReadonlyMap<string, BatchAxis>;

/** Which of several axes that a Reshape may mean is taken: the first, or the last but for that of the features. */
export type Preference = 'first' | 'last';

/** What is known of a graph. */
interface Known {
  readonly graph: Graph;
  readonly batch: number;
  readonly prefer: Preference;
}

/**
 * Follows the images of a batch through a graph.
 * @param graph with complete `types` for a batch of one size.
 * @param prefer the order of elements does not tell [197 N, 768] from [197, N, 768].
 */
export function batchAxes(graph: Graph, batch: number, prefer: Preference): BatchAxes {
  const axes = new Map<string, BatchAxis>();
  for (const { name } of graph.inputs) axes.set(name, { axis: 0, outside: 1 });
  for (const node of graph.nodes) {
    const carrier = node.inputs.find((name) => axes.has(name));
    if (carrier === undefined || node.opType === 'Shape' || node.opType === 'Size') continue;
    const before = { at: axes.get(carrier) as BatchAxis, dims: dimsOf(graph, carrier) };
    for (const output of node.outputs) {
      const after = output === '' ? undefined : batchAfter(node, before, dimsOf(graph, output), { graph, batch, prefer });
      if (after) axes.set(output, after);
    }
  }
  return axes;
}

/** A value's shape, and where the images are in it. */
interface Carrier {
  readonly at: BatchAxis;
  readonly dims: readonly number[];
}

function batchAfter(node: Node, before: Carrier, after: readonly number[], known: Known): BatchAxis | undefined {
  if (node.opType === 'Reshape' || node.opType === 'Flatten') return reshaped(before, after, known);
  const axis = axisAfter(node, before, after, known.graph);
  return axis === undefined || axis < 0 ? undefined : { ...before.at, axis };
}

/** The axis behind a node that leaves alone what the axis counts. */
function axisAfter(node: Node, { at: { axis }, dims: before }: Carrier, after: readonly number[], graph: Graph): number | undefined {
  switch (node.opType) {
    case 'Transpose':
      return (intsAttribute(node, 'perm') ?? before.map((_, i) => before.length - 1 - i)).indexOf(axis);
    case 'Squeeze':
    case 'ReduceMean':
    case 'ReduceSum':
    case 'ReduceMax':
    case 'ReduceMin':
    case 'ReduceL2': {
      if (before.length === after.length) return axis;
      const dropped = listed(graph, node, before.length) ?? before.flatMap((dim, i) => (dim === 1 && i !== axis ? [i] : []));
      return dropped.includes(axis) ? undefined : axis - dropped.filter((other) => other < axis).length;
    }
    case 'Unsqueeze': {
      const added = listed(graph, node, after.length) ?? [];
      return after.map((_, i) => i).filter((i) => !added.includes(i))[axis];
    }
    case 'Gather': {
      const indexed = positive(intAttribute(node, 'axis', 0), before.length);
      return indexed === axis ? undefined : axis + (indexed < axis ? after.length - before.length : 0);
    }
    default:
      // Everything else works along the last axes, or broadcasts, which aligns them.
      return after.length - before.length + axis;
  }
}

/**
 * In row-major order the images have so many elements outside and so many inside them. An axis of the new shape can count
 * them where the axes before it make up a part of the former, and those behind it of the latter.
 */
function reshaped({ at, dims }: Carrier, after: readonly number[], { batch, prefer }: Known): BatchAxis | undefined {
  const outside = sizeOf(dims.slice(0, at.axis)) * at.outside;
  const inside = sizeOf(dims) / outside / batch;
  const possible = after.flatMap((_, axis) => {
    const [left, right] = [outside / sizeOf(after.slice(0, axis)), inside / sizeOf(after.slice(axis + 1))];
    return Number.isInteger(left) && Number.isInteger(right) ? [{ axis, outside: left }] : [];
  });
  const exact = possible.find(({ axis }) => after[axis] === batch);
  if (exact) return exact;
  return prefer === 'first' ? possible[0] : (possible.findLast(({ axis }) => axis < after.length - 1) ?? possible[0]);
}

/** The axes that a node names in its second input. */
function listed(graph: Graph, node: Node, rank: number): number[] | undefined {
  const held = graph.initializers.get(node.inputs[1]);
  return held && Array.from(held.data as ArrayLike<number | bigint>, (axis) => positive(Number(axis), rank));
}

function positive(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function dimsOf(graph: Graph, value: string): readonly number[] {
  return (graph.initializers.get(value)?.dims ?? graph.types.get(value)?.dims ?? []) as readonly number[];
}
