import { UserError } from '../core/errors.js';
import { type DataType, full, type Tensor, zeros } from '../core/tensor.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { describeNode, type Graph, type Node } from '../onnx/graph.js';
import { constant, type RuleContext, type RuleEntry } from './rule.js';
import { rules } from './rules/index.js';
import { sumTo } from './shapes.js';

/**
 * Reverse-mode differentiation as a graph transformation.
 *
 * @param graph the function, with `types` complete (see `traceShapes`); its shapes are fixed in the result.
 * @param output a value of the graph. Anything but a scalar is summed first.
 * @param inputs values with respect to which to differentiate: graph inputs, parameters, or values in between.
 * @param prefix of the names of the new outputs; give another one to differentiate a gradient once more.
 * @returns the graph with its own outputs and, for each input in order, one more output named `grad:<input>`, of that
 *   input's shape. The gradient is zero where the output does not depend on the input.
 * @throws UserError when an operator on the way has no rule; the message names the operator and the node.
 */
export function gradient(graph: Graph, output: Value, inputs: readonly Value[], prefix = 'grad:'): Graph {
  const builder = new GraphBuilder(`${graph.name}:gradient`, graph);
  for (const { name, type, dims } of graph.outputs) builder.output(name, name, type, dims);
  const seed = builder.constant(full(shapeIn(graph, output), 1));
  const gradients = pullBack(builder, graph, [[output, seed]], inputs);
  gradients.forEach((value, i) => {
    builder.output(value, `${prefix}${inputs[i]}`);
  });
  return builder.build();
}

/**
 * The vector-Jacobian product, added to a builder that already holds the graph: given cotangents of some values, the
 * cotangents of others.
 *
 * Nodes are visited in reverse order. The cotangent of a value that several nodes read is the sum of what each of them
 * passes back (the chain rule over fan-out); of a value that was broadcast, the sum over its copies. Both happen here
 * and nowhere else.
 *
 * @param seeds pairs of a value and its cotangent, of the same shape.
 * @param inputs values whose cotangents are wanted; one value is returned for each.
 */
export function pullBack(
  builder: GraphBuilder,
  graph: Graph,
  seeds: readonly (readonly [Value, Value])[],
  inputs: readonly Value[],
): Value[] {
  const active = dependents(graph, inputs);
  const pending = new Map<Value, Value[]>();
  const send = (to: Value, cotangent: Value) => {
    builder.note(cotangent, { type: typeIn(graph, to), dims: shapeIn(graph, to) });
    const received = pending.get(to);
    if (received) received.push(cotangent);
    else pending.set(to, [cotangent]);
  };
  const collect = (value: Value): Value | undefined => {
    const received = pending.get(value);
    if (!received) return undefined;
    const sum = received.reduce((a, b) => builder.add(a, b));
    pending.set(value, [sum]);
    return sum;
  };
  for (const [value, cotangent] of seeds) send(value, cotangent);
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => active.has(name) && pending.has(name))) continue;
    const { rule, broadcasts } = ruleFor(node);
    const contributions = rule(contextOf(node, graph, builder, collect));
    node.inputs.forEach((input, index) => {
      const contribution = contributions[index];
      if (!contribution || !active.has(input)) return;
      const value = contribution();
      send(input, broadcasts ? sumTo(builder, value, shapeIn(graph, node.outputs[0]), shapeIn(graph, input)) : value);
    });
  }
  return inputs.map((input) => collect(input) ?? builder.constant(zeros('float32', shapeIn(graph, input))));
}

/**
 * The nodes on the way from the given values that have no rule, in the order in which they run: gradients with respect to the
 * values cannot pass through them.
 */
export function nodesWithoutRule(graph: Graph, values: readonly Value[]): Node[] {
  const active = dependents(graph, values);
  return graph.nodes.filter((node) => ruleOf(node) === undefined && node.outputs.some((name) => active.has(name)));
}

/** The given values and everything whose derivative with respect to them is not zero everywhere. */
function dependents(graph: Graph, values: readonly Value[]): Set<Value> {
  const found = new Set(values);
  for (const node of graph.nodes) {
    if (ruleOf(node) === constant) continue;
    // An empty name is an output that is left out, and must not pass for an input that is.
    if (node.inputs.some((name) => found.has(name))) for (const output of node.outputs) if (output !== '') found.add(output);
  }
  return found;
}

function ruleOf({ domain, opType }: Node): RuleEntry | undefined {
  const name = domain === '' ? opType : `${domain}.${opType}`;
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}

function ruleFor(node: Node): RuleEntry {
  const entry = ruleOf(node);
  if (!entry) throw new UserError(`no gradient is known for ${describeNode(node)}; the model cannot be differentiated through it`);
  return entry;
}

function contextOf(node: Node, graph: Graph, builder: GraphBuilder, collect: (value: Value) => Value | undefined): RuleContext {
  const cotangentOf = (output: number) => (node.outputs[output] ? collect(node.outputs[output]) : undefined);
  return {
    node,
    builder,
    inputs: node.inputs,
    outputs: node.outputs,
    cotangentOf,
    get cotangent() {
      return cotangentOf(0) ?? builder.constant(zeros('float32', shapeIn(graph, node.outputs[0])));
    },
    shapeOf: (value) => shapeIn(graph, value),
    typeOf: (value) => typeIn(graph, value),
    constantOf: (value) => (value ? constantIn(graph, value) : undefined),
  };
}

function shapeIn(graph: Graph, value: Value): readonly number[] {
  const dims = graph.initializers.get(value)?.dims ?? graph.types.get(value)?.dims;
  if (!dims?.every((dim) => typeof dim === 'number'))
    throw new Error(`graph '${graph.name}': the shape of '${value}' is not known; trace it first`);
  return dims as readonly number[];
}

function typeIn(graph: Graph, value: Value): DataType {
  const type = graph.initializers.get(value)?.type ?? graph.types.get(value)?.type;
  if (!type) throw new Error(`graph '${graph.name}': the type of '${value}' is not known; trace it first`);
  return type;
}

function constantIn(graph: Graph, value: Value): Tensor | undefined {
  const stored = graph.initializers.get(value);
  if (stored) return stored;
  const producer = graph.nodes.find((node) => node.opType === 'Constant' && node.outputs[0] === value);
  const held = producer?.attributes.value;
  return held?.kind === 'tensor' ? held.value : undefined;
}
