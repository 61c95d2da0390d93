import type { z } from 'zod';
import type { Method } from '../core/method.js';
import type { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';

/** How labels change under an attack. */
export type LabelMap =
  | { readonly kind: 'all-to-one'; readonly target: number }
  /** Label y becomes (y + shift) mod K. */
  | { readonly kind: 'all-to-all'; readonly shift: number };

/** What is put on an image to wake the backdoor. */
export interface Trigger {
  /** Applies the trigger to one image of 8-bit pixels [C, H, W] and returns a new one. */
  apply(image: Uint8Array): Uint8Array;
  /** Everything that is needed to make it again, as JSON; `kind` names the attack that reads it. */
  readonly description: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/** A data set with a backdoor planted in it. */
export interface Poisoned {
  /** The training set, some of its images triggered and relabelled. */
  readonly train: Dataset;
  /** Positions of the poisoned images, ascending. */
  readonly indices: Int32Array;
  /** Positions of images that were changed but keep their labels, ascending, where the attack has such. */
  readonly cross?: Int32Array;
  readonly trigger: Trigger;
  readonly labelMap: LabelMap;
}

/** An attack that works by supplying training data. */
export interface Attack<Schema extends z.ZodObject = z.ZodObject> extends Method<Schema> {
  /** What the attacker controls: the training data, or the whole training. */
  readonly threat: 'data' | 'training';
  /** Poisons a copy of the training set. Same data, options and generator: same bytes. */
  poison(train: Dataset, options: z.infer<Schema>, random: Random): Promise<Poisoned>;
  /**
   * Makes a trigger of this attack again from its description, which may come from a file that anyone wrote.
   * @throws UserError when it does not describe such a trigger.
   */
  restoreTrigger(description: unknown): Trigger;
}
