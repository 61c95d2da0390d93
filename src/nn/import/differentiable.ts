import { gradient, nodesWithoutRule } from '../../autodiff/gradient.js';
import { UserError } from '../../core/errors.js';
import { describeNode, type Graph, type Node } from '../../onnx/graph.js';
import type { Engine } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { type Classifier, portsOf } from '../classifier.js';
import { learnedParameters } from '../parameters.js';

/** The nodes of a classifier through which no gradient can pass, for want of a rule. */
export function undifferentiableNodes(classifier: Classifier): Node[] {
  const { graph } = classifier;
  return nodesWithoutRule(graph, [portsOf(classifier).input, ...learnedParameters(graph)]);
}

/** Graphs that were found good already; a job asks early, and the library asks again. */
const good = new WeakSet<Graph>();

/**
 * Makes sure that a classifier can be trained and attacked, by building its gradient without running it.
 * @throws UserError when it cannot; the message names the node.
 */
export async function checkDifferentiable(engine: Engine, classifier: Classifier): Promise<void> {
  const { name, graph, batch } = classifier;
  if (good.has(graph)) return;
  if (batch !== undefined) {
    throw new UserError(
      `model '${name}' takes ${batch} image${batch === 1 ? '' : 's'} at a time and no other number; export it with a batch size left open`,
    );
  }
  const [first, ...others] = undifferentiableNodes(classifier);
  if (first) {
    const more = others.length > 0 ? ` (and ${others.length} more nodes, which antidote inspect lists)` : '';
    throw new UserError(
      `model '${name}': no gradient is known for ${describeNode(first)}${more}; the model can be measured, but not repaired`,
    );
  }
  const { input, output } = portsOf(classifier);
  gradient(await traceShapes(engine, graph, { N: 2 }), output, [input, ...learnedParameters(graph)]);
  good.add(graph);
}
