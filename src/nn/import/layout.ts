import { UserError } from '../../core/errors.js';
import { type Graph, intsAttribute, type ValueInfo } from '../../onnx/graph.js';
import type { PixelConvention, PixelOptions } from './convention.js';
import { withoutPrefix } from './names.js';

/** Pictures are grey or coloured. */
const isChannels = (dim: unknown) => dim === 1 || dim === 3;
const isSize = (dim: unknown): dim is number => typeof dim === 'number' && dim >= 1;

/**
 * The order of the axes of a model's only input, and the size of its images.
 * @param file for messages.
 * @throws UserError when the model takes something else than images, or the file leaves something open that no option settles.
 */
export function layoutOf(graph: Graph, options: PixelOptions, file: string): Pick<PixelConvention, 'layout' | 'imageShape'> {
  const input = onlyInput(graph, file);
  const dims = input.dims ?? [];
  if (dims.length === 3) return { layout: 'nhw', imageShape: [1, ...imageSize(input, dims.slice(1), options, file)] };
  if (dims.length !== 4) throw notImages(input, file);
  const layout = options.layout ?? guessLayout(graph, input, file);
  const [channels, ...image] = layout === 'nchw' ? dims.slice(1) : [dims[3], dims[1], dims[2]];
  if (!isSize(channels)) {
    throw new UserError(
      `${file}: input '${withoutPrefix(input.name)}' ${shape(input)} leaves the number of channels open; export the model with it fixed`,
    );
  }
  return { layout, imageShape: [channels, ...imageSize(input, image, options, file)] };
}

/** The input of a model that has one. */
export function onlyInput({ inputs }: Graph, file: string): ValueInfo {
  if (inputs.length === 1) return inputs[0];
  const names = inputs.map(({ name }) => `'${name}'`).join(', ');
  const found = inputs.length === 0 ? 'no input' : `${inputs.length} inputs (${names})`;
  throw new UserError(`${file}: the model has ${found}, expected one, the images; export it with the image as its only input`);
}

function guessLayout(graph: Graph, input: ValueInfo, file: string): 'nchw' | 'nhwc' {
  const [, second, , last] = input.dims ?? [];
  if (isChannels(second) && !isChannels(last)) return 'nchw';
  if (isChannels(last) && !isChannels(second)) return 'nhwc';
  const reader = graph.nodes.find(({ inputs }) => inputs.includes(input.name));
  if (reader?.opType === 'Transpose' && intsAttribute(reader, 'perm')?.join() === '0,3,1,2') return 'nhwc';
  if (reader?.opType === 'Conv') return 'nchw';
  throw new UserError(
    `${file}: cannot tell the order of the axes of input '${withoutPrefix(input.name)}' ${shape(input)}; give --layout nchw or --layout nhwc`,
  );
}

function imageSize(
  input: ValueInfo,
  [height, width]: readonly unknown[],
  { image_size, open_size }: PixelOptions,
  file: string,
): [number, number] {
  if (isSize(height) && isSize(width)) {
    if (image_size !== undefined && (image_size !== height || image_size !== width)) {
      throw new UserError(
        `${file}: takes images of ${height} x ${width} pixels, not of ${image_size} x ${image_size}; leave out --image-size`,
      );
    }
    return [height, width];
  }
  const size = image_size ?? open_size;
  if (size === undefined) {
    throw new UserError(
      `${file}: input '${withoutPrefix(input.name)}' ${shape(input)} leaves the size of the images open; give it with --image-size`,
    );
  }
  return [size, size];
}

function notImages(input: ValueInfo, file: string): UserError {
  const expected = 'expected images [N, C, H, W], [N, H, W, C] or [N, H, W]';
  return new UserError(
    `${file}: input '${withoutPrefix(input.name)}' is ${shape(input)}, ${expected}; export a model that classifies images`,
  );
}

/** `float32 [N, 3, 32, 32]`. */
export function shape({ type, dims }: { readonly type?: string; readonly dims?: readonly unknown[] }): string {
  return `${type ?? 'of unknown type'} ${dims ? `[${dims.join(', ')}]` : 'of unknown shape'}`;
}
