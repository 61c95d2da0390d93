import type { GraphBuilder, Value } from '../../onnx/builder.js';

/** Channels, height, width. */
export type ImageShape = readonly [number, number, number];

/** A free tensor of a pseudo-trigger: what the search moves. It is unbounded; the family squashes it to its range. */
export interface ParameterSpec {
  /** Shape for one class. */
  readonly dims: readonly number[];
  /** Value of every element at first. */
  readonly mean: number;
  /** Standard deviation of the first values around it. */
  readonly deviation: number;
}

/** Parts of a graph that a family adds. */
export interface Applied {
  /** Changed images, pixels in [0, 1]: [T, B, C, H, W]. */
  readonly changed: Value;
  /** What each trigger costs, in the family's unit: [T]. */
  readonly cost: Value;
}

/**
 * A way of changing images that all images share: one guess at what kind of trigger an attacker used. A family says what is
 * free, how it changes images, and what it costs to do so; the search over all classes is the same for every family.
 */
export interface TriggerFamily {
  readonly name: string;
  /** One phrase: what it does to images. */
  readonly summary: string;
  /** What {@link Applied.cost} counts: `pixels`. */
  readonly unit: string;
  /** Default weight of the cost beside the mean cross-entropy. */
  readonly weight: number;
  /** Default learning rate of Adam. */
  readonly rate: number;
  parameters(shape: ImageShape): Readonly<Record<string, ParameterSpec>>;
  /**
   * Adds the change of images to a graph.
   * @param images pixels [1, B, C, H, W].
   * @param parameters those of T triggers, stacked: [T, ...dims].
   */
  apply(builder: GraphBuilder, images: Value, parameters: Readonly<Record<string, Value>>, shape: ImageShape): Applied;
}
