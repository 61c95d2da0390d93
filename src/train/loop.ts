/** What one epoch of training came to. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Learning rate of the epoch's first step. */
  readonly learningRate: number;
  /** Mean cross-entropy over the epoch's steps, as they went by. */
  readonly loss: number;
  /** Share of training images classified as labelled, as they went by, 0..1. */
  readonly accuracy: number;
  readonly seconds: number;
}
