import type { Control } from '../../../core/progress.js';
import type { Random } from '../../../core/random.js';
import type { Dataset } from '../../../data/dataset.js';
import type { Classifier } from '../../../nn/classifier.js';
import type { ConvLayer } from '../../../nn/feature-maps.js';
import type { Engine } from '../../../runtime/engine.js';
import type { PseudoTrigger } from '../../inversion/pseudo-trigger.js';
import type { FmpOptions } from '../options.js';
import type { ScanImages, ScanResult } from '../scan.js';

/** What a ranking may look at: the model and clean images, nothing else. */
export interface RankingTask extends Control {
  readonly engine: Engine;
  readonly model: Classifier;
  readonly layers: readonly ConvLayer[];
  /** All clean images of the defender. */
  readonly clean: Dataset;
  /** The fixed sample of them that every map is looked at with. */
  readonly images: ScanImages;
  readonly options: FmpOptions;
  readonly random: Random;
  /** Disturbs every map in turn, once however often it is asked for; the costly part, so a ranking asks only if it needs it. */
  readonly scan: () => Promise<ScanResult>;
}

/** How suspicious every map is. */
export interface Ranked {
  /** By layer name, one number a channel: the higher, the more suspicious within the layer. */
  readonly scores: Readonly<Record<string, ArrayLike<number>>>;
  /** What the numbers are and what they came from; completes "the maps were ranked by". */
  readonly by: string;
  /** Changes of images that were found to lead to the suspect class, for rankings that look for such. */
  readonly triggers?: readonly PseudoTrigger[];
}

/** A way of ranking feature maps by how likely they are to carry a backdoor. */
export interface Strategy {
  /** As typed after `--ranking`. */
  readonly name: string;
  /** What maps are ranked by, as a phrase for the option's help. */
  readonly summary: string;
  /** @throws Interrupted when the signal fires. */
  rank(task: RankingTask): Promise<Ranked>;
}
