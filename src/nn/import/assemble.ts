import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { addAdapter } from './adapter.js';
import type { PixelConvention } from './convention.js';
import { addLogits, type Head } from './head.js';

/** Name of a classifier's input. */
export const PIXELS = 'pixels';

/** A file's graph with what it needs to be a classifier around it. */
export interface Assembled {
  /** One input, {@link PIXELS}: [N, C, H, W] in [0, 1]; no outputs are marked. */
  readonly graph: Graph;
  /** The value that holds the logits, [N, K]. */
  readonly logits: string;
  /** The value that holds what the file gives. */
  readonly output: string;
}

/**
 * Puts an adapter in front of a file's graph, which turns pixels into what the graph wants, and finds its logits.
 * @param body of the file; one input, one output.
 * @param rank number of axes of the value that holds the logits.
 */
export function assemble(
  body: Graph,
  convention: PixelConvention,
  head: Head,
  { rank, classes }: { rank: number; classes: number },
): Assembled {
  const [input] = body.inputs;
  const builder = new GraphBuilder(body.name);
  builder.avoid(body);
  const pixels = builder.input(PIXELS, 'float32', ['N', ...convention.imageShape]);
  const adapted = addAdapter(builder, pixels, convention);
  const now = (name: string) => (name === input.name ? adapted : name);
  const nodes = body.nodes.map((node) => ({ ...node, inputs: node.inputs.map(now) }));
  builder.include({ ...body, inputs: [], nodes, types: new Map() });
  const logits = addLogits(builder, { ...head, logits: now(head.logits) }, rank, classes);
  return { graph: builder.build(), logits, output: now(body.outputs[0].name) };
}
