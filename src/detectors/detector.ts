import type { z } from 'zod';
import type { Method } from '../core/method.js';
import type { Tensor } from '../core/tensor.js';
import type { DefenseContext, DefenseTask } from '../defenses/defense.js';

/** One look at a model, class by class, repeated with other clean images and other draws. */
export interface Finding {
  /** What was looked for, as a phrase: `a small patch`. */
  readonly sought: string;
  /** The class that stands out most; of several repeats the most frequent one. */
  readonly target: number;
  /** How much it stands out; the median over the repeats. */
  readonly statistic: number;
  /** The statistic of every repeat. */
  readonly repeats: readonly { readonly target: number; readonly statistic: number }[];
  /** The statistic from which on a class counts as suspicious. */
  readonly threshold: number;
  /** Chance that a class stands out so much if all were alike, where that can be said, 0..1. It then decides, not the threshold. */
  readonly chance?: number;
  /** What was measured for each class, in the order of the classes. */
  readonly classes: readonly number[];
  /** What {@link classes} counts, and which way is suspicious: `cost; the lowest stands out`. */
  readonly measure: string;
  /** In plain words, with the numbers. */
  readonly statement: string;
  /** Lays what was found over images, pixels [B, C, H, W]. */
  readonly apply?: (images: Tensor<'float32'>) => Promise<Tensor<'float32'>>;
}

/** Looks whether a model is backdoored, with the model and clean images alone. */
export interface Detector<Schema extends z.ZodObject = z.ZodObject> extends Method<Schema> {
  detect(task: DefenseTask, options: z.infer<Schema>, context: DefenseContext): Promise<Finding[]>;
}
