import type { GraphBuilder, Value } from '../../onnx/builder.js';

/** One parameter's update, to be added to the training step's graph. */
export interface UpdateContext {
  readonly builder: GraphBuilder;
  readonly parameter: Value;
  readonly gradient: Value;
  /** The optimiser's own state for this parameter, of its shape, zero at first; one for each of its `slots`. */
  readonly state: readonly Value[];
  /** Scalar, float32. */
  readonly learningRate: Value;
  /** Scalar, float32: number of this step, from 1. */
  readonly step: Value;
}

/** An optimiser as graph operations, so that a training step with everything in it is one graph. */
export interface Optimizer {
  readonly name: string;
  /** Names of the tensors that it keeps beside each parameter. */
  readonly slots: readonly string[];
  /** Returns the new parameter and the new state. */
  update(context: UpdateContext): { parameter: Value; state: readonly Value[] };
}
