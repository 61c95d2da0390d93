import { type Graph, intAttribute, intsAttribute, type Node } from '../../onnx/graph.js';

/**
 * Which axis of a value grows with the number of images: in [N, 3, 32, 32] axis 0, in what a transposition makes of it
 * perhaps another, in [12 N, 50, 64] axis 0 again.
 */
export type BatchAxes = ReadonlyMap<string, number>;

/** Where axis numbers are looked up. */
interface Known {
  readonly graph: Graph;
  readonly axes: BatchAxes;
  /** Which of several possible axes a Reshape is taken to mean: the first or the last. */
  readonly prefer: 'first' | 'last';
}

/**
 * Follows the batch axis through a graph.
 * @param graph with complete `types` for a batch of one size.
 * @param prefer see {@link Known.prefer}; elements in row-major order do not tell [197 N, 768] from [197, N, 768].
 */
export function batchAxes(graph: Graph, batch: number, prefer: 'first' | 'last'): BatchAxes {
  const axes = new Map<string, number>();
  for (const { name } of graph.inputs) axes.set(name, 0);
  for (const node of graph.nodes) {
    const carrier = node.inputs.find((name) => axes.has(name));
    if (carrier === undefined || node.opType === 'Shape' || node.opType === 'Size') continue;
    for (const output of node.outputs) {
      const axis = axisAfter(node, carrier, output, { graph, axes, prefer }, batch);
      if (output !== '' && axis !== undefined) axes.set(output, axis);
    }
  }
  return axes;
}

function axisAfter(node: Node, carrier: string, output: string, { graph, axes, prefer }: Known, batch: number): number | undefined {
  const axis = axes.get(carrier) as number;
  const [before, after] = [dimsOf(graph, carrier), dimsOf(graph, output)];
  switch (node.opType) {
    case 'Transpose':
      return (intsAttribute(node, 'perm') ?? before.map((_, i) => before.length - 1 - i)).indexOf(axis);
    case 'Reshape':
    case 'Flatten':
      return reshapedAxis(before, axis, after, batch, prefer);
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
      let position = -1;
      for (let seen = -1; seen < axis; position++) if (!added.includes(position + 1)) seen++;
      return position;
    }
    case 'Gather': {
      const indexed = positive(intAttribute(node, 'axis', 0), before.length);
      const grown = after.length - before.length;
      return indexed === axis ? undefined : axis + (indexed < axis ? grown : 0);
    }
    default:
      // Everything else works along the last axes, or broadcasts, which aligns them.
      return after.length - before.length + axis >= 0 ? after.length - before.length + axis : undefined;
  }
}

/**
 * The axis of the new shape that can grow with the batch while the others stay: the elements before it must be made of axes
 * before the old one, those behind it of axes behind. An axis of exactly the batch's size comes first.
 */
function reshapedAxis(
  before: readonly number[],
  axis: number,
  after: readonly number[],
  batch: number,
  prefer: Known['prefer'],
): number | undefined {
  const product = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);
  const [outer, inner] = [product(before.slice(0, axis)), product(before.slice(axis + 1)) * (before[axis] / batch)];
  const possible = after.flatMap((dim, i) => {
    const fits = dim % batch === 0 && outer % product(after.slice(0, i)) === 0 && inner % product(after.slice(i + 1)) === 0;
    return fits ? [i] : [];
  });
  const exact = possible.find((i) => after[i] === batch);
  return exact ?? (prefer === 'first' ? possible[0] : possible.at(-1));
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
