import { float32, int64, type Tensor } from '../core/tensor.js';
import { type Attribute, floatAttribute, type Graph, intAttribute, type Node } from '../onnx/graph.js';
import type { CompileOptions, Device } from './engine.js';
import type { FormChoice } from './forms.js';
import { withBlockedChannels } from './nchwc/layout.js';
import { withPlainAdjoints } from './plain/adjoints.js';
import { withFastConvolutions } from './winograd/layout.js';

/**
 * The graph in operators that the device has. ONNX Runtime's WebGPU provider takes batch normalisation in its training form
 * and then refuses to run it; everything else that it lacks, the CPU computes for it. The CPU gets other convolutions if asked to, and
 * those with weights that change in the layout that it computes fastest.
 * @param block channels in a block of that layout, where the CPU has it.
 * @param choose forms of weight gradients; default: by rules.
 */
export function lowerFor(device: Device, whole: Graph, { fast = false }: CompileOptions = {}, block?: number, choose?: FormChoice): Graph {
  const given = withBodies(whole, (body) => lowerFor(device, body, { fast }, block, choose));
  if (device === 'cpu') {
    const turned = fast ? withFastConvolutions(given) : given;
    return withPlainAdjoints(block === undefined ? turned : withBlockedChannels(turned, block, choose), choose);
  }
  const graph = withPlainAdjoints(given, choose);
  const affected = (node: Node) =>
    node.opType === 'BatchNormalization' && node.domain === '' && intAttribute(node, 'training_mode', 0) === 1;
  if (device !== 'webgpu' || !graph.nodes.some(affected)) return graph;
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => (affected(node) ? trainingNorm(node, initializers) : [node]));
  return { ...graph, nodes, initializers };
}

/** The graph with what its nodes hold as bodies, of loops say, made into something else. */
function withBodies(graph: Graph, change: (body: Graph) => Graph): Graph {
  if (!graph.nodes.some(({ attributes }) => Object.values(attributes).some(({ kind }) => kind === 'graph'))) return graph;
  const changed = (attribute: Attribute): Attribute =>
    attribute.kind === 'graph' ? { kind: 'graph', value: change(attribute.value) } : attribute;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    attributes: Object.fromEntries(Object.entries(node.attributes).map(([name, attribute]) => [name, changed(attribute)])),
  }));
  return { ...graph, nodes };
}

/** Batch normalisation over [N, C, positions], whatever the rank: mean, deviation from it, variance, and the result of both. */
function trainingNorm(node: Node, initializers: Map<string, Tensor>): Node[] {
  const [x, scale, shift, oldMean, oldVariance] = node.inputs;
  const [y, newMean, newVariance] = node.outputs;
  const nodes: Node[] = [];
  const put = (output: string, opType: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}) => {
    nodes.push({ name: output, opType, domain: '', inputs, outputs: [output], attributes });
    return output;
  };
  const op = (label: string, opType: string, ...inputs: string[]) => put(`${y}:lowered:${label}`, opType, inputs);
  const constant = (name: string, value: Tensor) => {
    initializers.set(`lowered:${name}`, value);
    return `lowered:${name}`;
  };
  const scalar = (value: number) => constant(`scalar:${value}`, float32([], [value]));
  const shape = (dims: readonly number[]) => constant(`shape:${dims}`, int64([dims.length], dims));
  const average = (label: string, value: string) => {
    const axes = constant('axes:0,2', int64([2], [0, 2]));
    return put(`${y}:lowered:${label}`, 'ReduceMean', [value, axes], { keepdims: { kind: 'int', value: 1 } });
  };
  const perChannel = (label: string, value: string) => op(label, 'Reshape', value, shape([1, -1, 1]));

  const columns = op('columns', 'Reshape', x, shape([0, 0, -1]));
  const mean = average('mean', columns);
  const deviation = op('deviation', 'Sub', columns, mean);
  const variance = average('variance', op('square', 'Mul', deviation, deviation));
  const spread = op('spread', 'Sqrt', op('stabilised', 'Add', variance, scalar(floatAttribute(node, 'epsilon', 1e-5))));
  const slope = op('slope', 'Div', perChannel('scale', scale), spread);
  const result = op('result', 'Add', op('product', 'Mul', deviation, slope), perChannel('shift', shift));
  put(y, 'Reshape', [result, op('shape', 'Shape', x)]);

  const kept = floatAttribute(node, 'momentum', 0.9);
  const statistic = (output: string, label: string, old: string, fresh: string) => {
    const flat = op(`${label}:flat`, 'Reshape', fresh, shape([-1]));
    const [before, now] = [op(`${label}:kept`, 'Mul', old, scalar(kept)), op(`${label}:new`, 'Mul', flat, scalar(1 - kept))];
    put(output, 'Add', [before, now]);
  };
  statistic(newMean, 'mean', oldMean, mean);
  statistic(newVariance, 'variance', oldVariance, variance);
  return nodes;
}
