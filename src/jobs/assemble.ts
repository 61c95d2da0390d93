import type { Dataset } from '../data/dataset.js';
import { sizeOfDataset } from '../data/dataset.js';
import type { DatasetParts } from '../data/source.js';
import { type Result, resultVersion } from '../report/result.js';

/** What a job ran on. */
export type Surroundings = Pick<Result, 'device' | 'versions' | 'command'>;

/** What a result is made of besides the numbers. */
export interface ResultFrame {
  readonly kind: Result['kind'];
  readonly seed?: number;
  readonly data: DatasetParts;
  /** The defender's images. */
  readonly clean?: Dataset;
  readonly surroundings: Surroundings;
}

/** A complete result: the frame, the moment, and what came out. */
export function makeResult({ kind, seed, data, clean, surroundings }: ResultFrame, outcome: Partial<Result>): Result {
  const { train, test } = data;
  return {
    version: resultVersion,
    kind,
    created: new Date().toISOString(),
    seed,
    ...surroundings,
    data: {
      name: train.name,
      ...(train.origin !== undefined && { origin: train.origin }),
      classes: train.classes,
      checksums: { ...train.checksums, ...test.checksums },
      train: sizeOfDataset(train),
      test: sizeOfDataset(test),
      ...(clean && { clean: sizeOfDataset(clean) }),
    },
    ...outcome,
  };
}
