import { full, sizeOf, tensor } from '../../core/tensor.js';
import { windowAttributes } from '../../onnx/attributes.js';
import { type GraphBuilder, int, string, type Value, type Window } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';

/** Domain of ONNX Runtime's own operators on blocked channels. */
export const NCHWC_DOMAIN = 'com.microsoft.nchwc';

/** What a convolution may do beside convolving. */
export interface ConvExtras {
  /** Per channel, [C]. */
  readonly bias?: Value;
  /** Blocked, of the result's shape: added to it. Its memory is taken over where nothing else reads it. */
  readonly sum?: Value;
  readonly relu?: boolean;
}

/**
 * Adds operators that work on blocked channels: [N, C, H, W] stored as [N, C/b, H, W, b], so that one vector of the processor
 * holds b channels of one position. ONNX Runtime names the layout NCHWc and keeps calling the shape [N, C, H, W]. Channels
 * are filled up to a multiple of b; what the added ones hold is finite, and nobody may look at it.
 */
export class BlockedOperators {
  readonly builder: GraphBuilder;
  /** b. */
  readonly block: number;
  readonly #shared = new Map<string, Value>();

  constructor(builder: GraphBuilder, block: number) {
    this.builder = builder;
    this.block = block;
  }

  /** The channels filled up to whole blocks. */
  padded(channels: number): number {
    return Math.ceil(channels / this.block) * this.block;
  }

  /**
   * How many images share a block: two where the channels fill half of it, four where they fill a quarter. Nothing is lost then
   * by filling up, and all that works element by element need not know.
   */
  fold([batch, channels]: readonly number[]): number {
    const images = this.block / channels;
    return (images === 2 || images === 4) && batch % images === 0 ? images : 1;
  }

  /** The shape in which images are stored: where f of them share a block, [N/f, f·C, H, W]. */
  stored(shape: readonly number[]): number[] {
    return folded(shape, this.fold(shape));
  }

  /** [N, C, H, W] to blocked channels; C is a multiple of 4. */
  reorderInput(x: Value): Value {
    return this.#op('ReorderInput', [x]);
  }

  /** Back to [N, C, H, W] with the given C, under a given name if need be. */
  reorderOutput(x: Value, channels: number, name?: string): Value {
    if (name === undefined) return this.#op('ReorderOutput', [x], { channels: int(channels) });
    const attributes = { channels: int(channels) };
    this.builder.append({ name, opType: 'ReorderOutput', domain: NCHWC_DOMAIN, inputs: [x], outputs: [name], attributes });
    return name;
  }

  /**
   * Convolution of blocked channels.
   * @param filter [O, C, kh, kw] stored as [O/b, C/b, kh, kw, b, b], output channels last; where x has fewer than b channels and is
   *   not blocked, as [O/b, C, kh, kw, b]; where each channel is a group of its own, [C, 1, kh, kw] as [C/b, kh, kw, b].
   */
  conv(x: Value, filter: Value, window: Window, { bias, sum, relu }: ConvExtras = {}): Value {
    const inputs = [x, filter, ...(bias || sum ? [bias ?? ''] : []), ...(sum ? [sum] : [])];
    const attributes = { group: int(1), auto_pad: string('NOTSET'), ...windowAttributes(window) };
    return this.#op('Conv', inputs, relu ? { ...attributes, activation: string('Relu') } : attributes);
  }

  /**
   * scale · x + bias (+ sum), per channel, in one pass over memory: a convolution of each channel with one weight.
   * @param channels of x, filled up.
   * @param scale [C]; 1 where it is left out.
   * @param pads zeros around each image: top, left, bottom, right.
   */
  scale(x: Value, channels: number, scale: Value | undefined, extras: ConvExtras = {}, pads?: readonly number[]): Value {
    const filter = scale === undefined ? this.#ones(channels) : this.builder.reshape(scale, [channels, 1, 1, 1]);
    return this.conv(x, filter, { kernel: [1, 1], group: channels, pads }, extras);
  }

  /**
   * Rows along an axis by number; on the CPU this copies pieces of memory with every thread.
   * @param sizes a shape, of which the numbers are made.
   * @param number of the row that comes at a position of that shape.
   * @param key names the numbers: those with the same key and sizes are stored once.
   */
  rows(x: Value, axis: number, key: string, sizes: readonly number[], number: (position: readonly number[]) => number): Value {
    const indices = this.#share(`${key} ${sizes}`, () => {
      const numbers = numbersOf(sizes, number);
      return this.builder.constant(tensor('int32', [numbers.length], numbers));
    });
    return this.builder.op('Gather', [x, indices], { axis: int(axis) })[0];
  }

  #ones(channels: number): Value {
    return this.#share(`ones ${channels}`, () => this.builder.constant(full([channels, 1, 1, 1], 1)));
  }

  #share(key: string, make: () => Value): Value {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#shared.set(key, made);
    return made;
  }

  #op(opType: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.builder.op(opType, inputs, attributes, 1, undefined, NCHWC_DOMAIN)[0];
  }
}

/** A number for each position, last axis fastest. */
function numbersOf(sizes: readonly number[], number: (position: readonly number[]) => number): Int32Array {
  const position = sizes.map(() => 0);
  return Int32Array.from({ length: sizeOf(sizes) }, () => {
    const result = number(position);
    for (let axis = sizes.length - 1; axis >= 0 && ++position[axis] === sizes[axis]; axis--) position[axis] = 0;
    return result;
  });
}

/** Takes the channels of f images for those of one: [N/f, f·C, H, W], which are the same numbers in the same order. */
export function folded([batch, channels, ...size]: readonly number[], fold: number): number[] {
  return [batch / fold, channels * fold, ...size];
}
