import { float32, floats, sizeOf, type Tensor } from '../../core/tensor.js';
import { type Graph, intAttribute, intsAttribute, type Node } from '../graph.js';
import { readsOf } from '../sort.js';

/** How a parameter is stored that the graph first turns round or reshapes. */
export interface StoredWeight {
  /** The parameter that the file holds. */
  readonly name: string;
  /** A value of the graph's parameter in the form in which the file holds it. */
  restore(value: Tensor): Tensor;
}

/**
 * Moves what only rearranges a parameter out of the graph: a weight that is transposed before it reaches its convolution
 * becomes a parameter in the form in which the convolution reads it, so that it can be trained and pruned like any other.
 * A parameter that something else reads, too, stays as it is.
 * @returns the graph, and for each such parameter how it is stored.
 */
export function foldViews(graph: Graph): { graph: Graph; stored: Map<string, StoredWeight> } {
  const initializers = new Map(graph.initializers);
  const stored = new Map<string, StoredWeight>();
  const readers = countReads(graph);
  const nodes = graph.nodes.filter((node) => {
    const [source] = node.inputs;
    const value = initializers.get(source);
    const view = value?.type === 'float32' && readers.get(source) === 1 ? viewOf(node, value, initializers) : undefined;
    if (!view) return true;
    const earlier = stored.get(source);
    const { value: folded, restore } = view;
    initializers.delete(source);
    stored.delete(source);
    initializers.set(node.outputs[0], folded);
    stored.set(node.outputs[0], {
      name: earlier?.name ?? source,
      restore: (now) => (earlier ? earlier.restore(restore(now)) : restore(now)),
    });
    return false;
  });
  return { graph: { ...graph, nodes, initializers }, stored };
}

function countReads(graph: Graph): Map<string, number> {
  const counts = new Map<string, number>();
  const reads = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map(({ name }) => name)];
  for (const name of reads) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

interface View {
  readonly value: Tensor;
  restore(value: Tensor): Tensor;
}

function viewOf(node: Node, value: Tensor, initializers: ReadonlyMap<string, Tensor>): View | undefined {
  if (node.domain !== '') return undefined;
  const listed = (input: number) => {
    const held = initializers.get(node.inputs[input]);
    return held && Array.from(held.data as ArrayLike<number | bigint>, Number);
  };
  const reshaped = (dims: readonly number[]): View => ({
    value: { ...value, dims },
    restore: (now) => ({ ...now, dims: value.dims }),
  });
  switch (node.opType) {
    case 'Transpose': {
      const permutation = intsAttribute(node, 'perm') ?? value.dims.map((_, axis) => value.dims.length - 1 - axis);
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return { value: transposed(value, permutation), restore: (now) => transposed(now, inverse) };
    }
    case 'Reshape': {
      const dims = listed(1);
      return dims && intAttribute(node, 'allowzero', 0) === 0 ? reshaped(resolveShape(dims, value.dims)) : undefined;
    }
    case 'Unsqueeze': {
      const axes = listed(1);
      return axes && reshaped(withOnes(value.dims, axes));
    }
    case 'Squeeze': {
      const dropped = listed(1)?.map((axis) => (axis < 0 ? axis + value.dims.length : axis));
      return reshaped(value.dims.filter((dim, axis) => (dropped ? !dropped.includes(axis) : dim !== 1)));
    }
    case 'Cast':
      // Float32 by now, whatever it was in the file.
      return intAttribute(node, 'to', 0) === 1 ? reshaped(value.dims) : undefined;
    default:
      return undefined;
  }
}

/** A shape as Reshape takes it, with 0 for "as before" and -1 for "what is left" filled in. */
export function resolveShape(wanted: readonly number[], before: readonly number[]): number[] {
  const dims = wanted.map((dim, axis) => (dim === 0 ? before[axis] : dim));
  const known = sizeOf(dims.filter((dim) => dim !== -1));
  return dims.map((dim) => (dim === -1 ? sizeOf(before) / known : dim));
}

function withOnes(dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : dims[next++]));
}

/** A float32 tensor with its axes permuted. */
export function transposed(value: Tensor, permutation: readonly number[]): Tensor {
  const source = floats(value);
  const strides = value.dims.map((_, axis) => sizeOf(value.dims.slice(axis + 1)));
  const dims = permutation.map((axis) => value.dims[axis]);
  const steps = permutation.map((axis) => strides[axis]);
  const result = new Float32Array(source.length);
  const position = dims.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = source[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++position[axis] < dims[axis]) break;
      from -= steps[axis] * dims[axis];
      position[axis] = 0;
    }
  }
  return float32(dims, result);
}
