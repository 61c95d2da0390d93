import type { Attribute } from './graph.js';

/** Attributes of convolutions and pooling over images; what is left out has ONNX's default. */
export interface Window {
  /** Window height and width. */
  readonly kernel?: readonly number[];
  /** Default [1, 1]. */
  readonly strides?: readonly number[];
  /** Top, left, bottom, right; default 0. */
  readonly pads?: readonly number[];
  /** Default [1, 1]. */
  readonly dilations?: readonly number[];
  /** Default 1. */
  readonly group?: number;
}

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const string = (value: string): Attribute => ({ kind: 'string', value });

/** A window as the attributes of the node that uses it. */
export function windowAttributes({ kernel, strides, pads, dilations, group }: Window): Record<string, Attribute> {
  const attributes: Record<string, Attribute> = {};
  if (kernel) attributes.kernel_shape = ints(kernel);
  if (strides) attributes.strides = ints(strides);
  if (pads) attributes.pads = ints(pads);
  if (dilations) attributes.dilations = ints(dilations);
  if (group !== undefined) attributes.group = int(group);
  return attributes;
}
