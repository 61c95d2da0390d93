import type { Paper } from '../core/method.js';
import type { Control } from '../core/progress.js';
import type { Dataset } from './dataset.js';

/** The two parts in which a data set is published. */
export interface DatasetParts {
  readonly train: Dataset;
  readonly test: Dataset;
}

export interface LoadOptions extends Control {
  /** Archive or folder that holds the data set's files; default: where it was obtained from, or where it comes from. */
  readonly from?: string;
}

/** A data set that can be loaded by name. */
export interface DataSource {
  /** As typed on the command line: `mnist`. */
  readonly name: string;
  /** As written in the literature: `MNIST`. */
  readonly title: string;
  readonly paper: Paper;
  /** Number of classes; their names come with the images. */
  readonly classes: number;
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  /** Number of images in each part. */
  readonly images: { readonly train: number; readonly test: number };
  /** Where the files come from, and what a folder given instead must hold: one sentence. */
  readonly origin: string;
  /**
   * Reads, checks and returns the whole data set.
   * @throws UserError when files are missing, damaged or not the published ones.
   */
  load(options?: LoadOptions): Promise<DatasetParts>;
  /** Where {@link load} takes it from when it is told nothing; undefined where it must be obtained first. */
  location(): Promise<string | undefined>;
  /**
   * Obtains the data set, so that from now on it loads by its name alone. Reads, checks and returns it too.
   * @throws UserError as {@link load} does.
   */
  get(options?: LoadOptions): Promise<DatasetParts>;
}
