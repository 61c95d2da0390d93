import type { Graph, Node } from '../onnx/graph.js';

/** For each operator with parameters, which of its inputs are learned; the others are statistics or data. */
const learnedInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  Einsum: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  PRelu: [1],
};

/** Operators that take a learned vector beside a value: biases, scales, embeddings of positions, tokens put in front. */
const besides: ReadonlySet<string> = new Set(['Add', 'Mul', 'Concat']);

/** Operators that only rearrange, repeat or pad a parameter on its way to where it is used. */
const views: ReadonlySet<string> = new Set([
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Expand',
  'Pad',
  'Cast',
]);

/**
 * Names of the parameters that training changes: weights and biases of convolutions and linear layers, scale and shift
 * of normalisations, and vectors that are added to, multiplied with or put beside what those give. Constants of
 * preprocessing, lone numbers and running statistics are not among them.
 */
export function learnedParameters(graph: Graph): string[] {
  const found = new Set<string>();
  /** Values that come out of a learned operator, directly or not. */
  const after = new Set<string>();
  const viewed = new Map<string, string>();
  const parameterAt = (name: string) => {
    const source = viewed.get(name) ?? name;
    return graph.initializers.get(source)?.type === 'float32' ? source : undefined;
  };
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    const source = parameterAt(first);
    if (isStandard(node) && views.has(node.opType) && source !== undefined) viewed.set(node.outputs[0], source);
    const learned = learnedAt(node, after).flatMap((index) => parameterAt(node.inputs[index]) ?? []);
    const vectors = besides.has(node.opType) ? learned.filter((name) => !isNumber(graph, name)) : learned;
    for (const name of vectors) found.add(name);
    if (vectors.length > 0 || node.inputs.some((name) => after.has(name)))
      for (const output of node.outputs) if (output !== '') after.add(output);
  }
  return [...found];
}

/** Inputs of a node that are learned where a parameter stands there. */
function learnedAt(node: Node, after: ReadonlySet<string>): readonly number[] {
  if (!isStandard(node)) return [];
  if (!besides.has(node.opType)) return learnedInputs[node.opType] ?? [];
  return node.inputs.some((name) => after.has(name)) ? node.inputs.map((_, index) => index) : [];
}

function isStandard({ domain }: Node): boolean {
  return domain === '';
}

function isNumber(graph: Graph, name: string): boolean {
  return graph.initializers.get(name)?.data.length === 1;
}
