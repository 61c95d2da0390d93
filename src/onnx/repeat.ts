import { int } from './attributes.js';
import type { Graph, Node, ValueInfo } from './graph.js';

/** Input of a repeated graph that says how often, an int64 scalar. */
export const TIMES = 'repeat:times';

/** What names inside the repeated part begin with: they must differ from those outside. */
const INSIDE = 'repeat/';
const [ITERATION, CONDITION, GO_ON] = ['iteration', 'condition', 'go_on'].map((name) => `${INSIDE}:${name}`);

const inside = (name: string) => (name === '' ? '' : INSIDE + name);

/**
 * A graph that runs another one several times over, in one `Loop`: what is carried stays inside from time to time. Its inputs and outputs have the names of the other's, and {@link TIMES} beside them; what is
 * not carried has one axis more, the first, for the times.
 * @param carry input to the output that takes its place the next time.
 */
export function repeated(graph: Graph, carry: Readonly<Record<string, string>>): Graph {
  const isCarried = ({ name }: ValueInfo) => name in carry;
  const carried = graph.inputs.filter(isCarried);
  const fed = graph.inputs.filter((input) => !isCarried(input));
  const results = carried.map(({ name }) => carry[name]);
  const others = graph.outputs.map(({ name }) => name).filter((name) => !results.includes(name));
  const loop = plain('Loop', [TIMES, '', ...carried.map(({ name }) => name)], [...results, ...others]);
  return {
    name: `${graph.name}:repeated`,
    inputs: [
      { name: TIMES, type: 'int64', dims: [] },
      ...carried,
      ...fed.map(({ name, type, dims }) => ({ name, type, dims: dims && ['T', ...dims] })),
    ],
    outputs: [...results, ...others].map((name) => ({ name })),
    nodes: [{ ...loop, attributes: { body: { kind: 'graph', value: bodyOf(graph, carried, fed, [...results, ...others]) } } }],
    initializers: new Map(),
    types: new Map(),
  };
}

/** One time: takes its share of what is fed from the graph around it, then does as the given graph does. */
function bodyOf(graph: Graph, carried: readonly ValueInfo[], fed: readonly ValueInfo[], outputs: readonly string[]): Graph {
  const renamed = <T>(map: ReadonlyMap<string, T>) => new Map([...map].map(([name, value]) => [inside(name), value]));
  const picks = fed.map(({ name }) => ({ ...plain('Gather', [name, ITERATION], [inside(name)]), attributes: { axis: int(0) } }));
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(inside), outputs: node.outputs.map(inside) }));
  return {
    name: graph.name,
    inputs: [
      { name: ITERATION, type: 'int64', dims: [] },
      { name: CONDITION, type: 'bool', dims: [] },
      ...carried.map((input) => ({ ...input, name: inside(input.name) })),
    ],
    outputs: [{ name: GO_ON }, ...outputs.map((name) => ({ name: inside(name) }))],
    nodes: [plain('Identity', [CONDITION], [GO_ON]), ...picks, ...nodes],
    initializers: renamed(graph.initializers),
    types: new Map([...renamed(graph.types), ...fed.map(({ name, type, dims }) => [inside(name), { type, dims }] as const)]),
  };
}

function plain(opType: string, inputs: readonly string[], outputs: readonly string[]): Node {
  return { name: '', opType, domain: '', inputs, outputs, attributes: {} };
}
