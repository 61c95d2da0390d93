import type { Tensor } from '../core/tensor.js';

/** One step's worth of training data. */
export interface Batch {
  /** Pixels in [0, 1]: float32 [B, C, H, W]. */
  readonly images: Tensor<'float32'>;
  /** Class probabilities, one-hot unless labels are soft: float32 [B, K]. */
  readonly targets: Tensor<'float32'>;
  /** Whatever else the step of a training takes. */
  readonly others?: Readonly<Record<string, Tensor>>;
}

/**
 * Where training data comes from. All batches have `batchSize` images. What an epoch holds depends on nothing but its
 * number, so that training resumed at an epoch sees what it would have seen.
 */
export interface BatchSource {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** @param number of the epoch, from 0. */
  epoch(number: number): Iterable<Batch>;
}
