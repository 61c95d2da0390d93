import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../onnx/graph.js';
import type { Origin } from './import/origin.js';

/**
 * An image classifier: a graph from pixels to logits, with its parameters inside by name.
 *
 * Input: one float32 tensor [N, C, H, W] of pixels in [0, 1]; whatever normalisation the network wants is part of the
 * graph. Output: one float32 tensor [N, K] of logits. Batch normalisation stands in its inference form; training
 * rewrites it.
 */
export interface Classifier {
  /** What it is called in reports and metadata, e.g. `preactresnet-16-32-64`. */
  readonly name: string;
  readonly graph: Graph;
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  /** K. */
  readonly classes: number;
  /** Images that the graph takes at a time, where it takes no other number; such a model can be measured, not trained. */
  readonly batch?: number;
  /** The file of somebody else's that it was read from, and is written back to with its changed weights. */
  readonly origin?: Origin;
  /** The state dictionary of somebody else's that its parameters were read from. */
  readonly checkpoint?: CheckpointOrigin;
}

/** A state dictionary, which says nothing of the pixels that its network wants. */
export interface CheckpointOrigin {
  readonly file: string;
  /** Whether they were said otherwise; if not, they are taken to be in [0, 1]. */
  readonly pixelsGiven: boolean;
}

/** Names of a classifier's only input and only output. */
export function portsOf(classifier: Classifier): { input: string; output: string } {
  const { inputs, outputs } = classifier.graph;
  return { input: inputs[0].name, output: outputs[0].name };
}

/** The classifier with some parameters replaced; the rest is shared. */
export function withParameters(classifier: Classifier, values: Readonly<Record<string, Tensor>>): Classifier {
  const initializers = new Map(classifier.graph.initializers);
  for (const [name, value] of Object.entries(values)) {
    if (!initializers.has(name)) throw new Error(`classifier '${classifier.name}' has no parameter '${name}'`);
    initializers.set(name, value);
  }
  return { ...classifier, graph: { ...classifier.graph, initializers } };
}
