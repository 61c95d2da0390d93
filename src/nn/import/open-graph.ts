import { UserError } from '../../core/errors.js';
import { describeNode, type Graph, type Model, type Node } from '../../onnx/graph.js';
import { liftConstants } from '../../onnx/import/constants.js';
import { renameValues } from '../../onnx/import/rename.js';
import { type Problem, upgradeGraph } from '../../onnx/import/upgrade/index.js';
import { foldViews, type StoredWeight } from '../../onnx/import/views.js';
import { toFloat32 } from '../../onnx/import/widen.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { onlyOutput } from './head.js';
import { onlyInput } from './layout.js';
import { PREFIX, withoutPrefix } from './names.js';

/** The oldest operator set whose meaning is known here. ONNX Runtime guarantees none before it either. */
const OLDEST = 7;

/** Somebody else's graph in the form in which graphs are used here. */
export interface OpenedGraph {
  /** In the operator set used here, in float32, with one input and one output. */
  readonly graph: Graph;
  readonly stored: ReadonlyMap<string, StoredWeight>;
  /** Nodes that cannot be used at all. */
  readonly problems: readonly Problem[];
}

/**
 * Brings a graph of any operator set from 7 on into the form used here: constants among the parameters, float32, values
 * under names that clash with none, nodes of older and newer operator sets rewritten, and nothing left that the output does
 * not depend on.
 * @param file for messages.
 * @throws UserError when the operator set is too old, or there is not one input and one output.
 */
export function openGraph({ graph: found, opset }: Model, file: string): OpenedGraph {
  if (opset < OLDEST) {
    throw new UserError(
      `${file}: is written in ONNX operator set ${opset}; the oldest that can be read is ${OLDEST}; export the model again`,
    );
  }
  onlyInput(found, file);
  const output = onlyOutput(found, file);
  const foreign = found.nodes.flatMap(foreignProblem);
  const plain = renameValues(toFloat32(liftConstants(found)), PREFIX);
  const { graph: upgraded, problems } = upgradeGraph(plain, opset);
  const [{ name }] = upgraded.outputs;
  const needed = ancestorsOf(upgraded, [name]);
  const { graph, stored } = foldViews(needed);
  const [input] = graph.inputs;
  if (!input) throw new UserError(`${file}: its output '${output}' does not depend on its input; export the whole model`);
  // Pixels are float32 here, and conversions in the graph take them as well as bytes.
  return { graph: { ...graph, inputs: [{ ...input, type: 'float32' }] }, stored, problems: [...foreign, ...problems] };
}

function foreignProblem(node: Node): Problem[] {
  if (node.domain !== '') return [{ node, reason: `is no operator of ONNX itself, but of '${node.domain}'` }];
  const holdsGraph = Object.values(node.attributes).some(({ kind }) => kind === 'graph');
  return holdsGraph ? [{ node, reason: 'holds a graph of its own; loops and branches are not supported' }] : [];
}

/** A problem as a sentence. */
export function describeProblem({ node, reason }: Problem): string {
  return `${describeNode({ ...node, outputs: node.outputs.map(withoutPrefix) })} ${reason}`;
}
