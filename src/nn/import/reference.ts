import { UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { floats, sizeOf } from '../../core/tensor.js';
import { widen } from '../../formats/half.js';
import type { ValueInfo } from '../../onnx/graph.js';
import { inlineExternal } from '../../onnx/patch.js';
import type { Engine } from '../../runtime/engine.js';
import { adaptPixels } from './adapter.js';
import type { PixelConvention } from './convention.js';
import type { ModelFile } from './origin.js';

/** Made-up images on which a file and what was made of it are compared: 0..255, [N, C, H, W]. They are the same every time. */
export function testImages(count: number, imageShape: readonly number[]): Uint8Array {
  const random = new Random(0).fork('test images');
  return Uint8Array.from({ length: count * sizeOf(imageShape) }, () => random.below(256));
}

/** How a file is run as it is. */
export interface FilePorts {
  readonly input: ValueInfo;
  readonly output: string;
  readonly convention: PixelConvention;
  /** Images at a time; their number has to be a multiple. */
  readonly batch: number;
}

/**
 * What a model file gives for images, run as it is, in its own operator set.
 * @param images 0..255, [N, C, H, W].
 * @returns all values, image by image.
 * @throws UserError when ONNX Runtime refuses the file, or what comes out are no numbers.
 */
export async function runFile(engine: Engine, file: ModelFile, ports: FilePorts, images: Uint8Array): Promise<Float32Array> {
  const { input, output, convention, batch } = ports;
  const size = batch * sizeOf(convention.imageShape);
  const results: Float32Array[] = [];
  const program = await refusable(file, () => engine.load(inlineExternal(file.bytes, file.name, file.external)));
  try {
    for (let start = 0; start < images.length; start += size) {
      const pixels = adaptPixels(images.subarray(start, start + size), input, convention);
      const outputs = await refusable(file, () => program.run({ [input.name]: pixels }));
      results.push(asFloats(outputs[output], file));
    }
  } finally {
    await program.release();
  }
  const all = new Float32Array(results.reduce((sum, { length }) => sum + length, 0));
  results.reduce((at, values) => {
    all.set(values, at);
    return at + values.length;
  }, 0);
  if (!all.every(Number.isFinite)) {
    throw new UserError(`${file.name}: gives results that are not numbers for made-up images; it is damaged, or its training diverged`);
  }
  return all;
}

/** Whatever ONNX Runtime says against a file is for its owner to mend. */
export async function refusable<T>(file: ModelFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const [line] = (error as Error).message.split('\n');
    throw new UserError(`${file.name}: ONNX Runtime refuses the model (${line}); export it again`);
  }
}

function asFloats(value: Parameters<typeof floats>[0], file: ModelFile): Float32Array {
  if (value?.type === 'float64') return Float32Array.from(value.data as Float64Array);
  if (value?.type === 'float16') return widen('float16', value.data as Uint16Array);
  if (value?.type !== 'float32') {
    throw new UserError(
      `${file.name}: gives ${value?.type ?? 'nothing'}, expected float32 scores; export a classifier with one score for each class`,
    );
  }
  return floats(value);
}

/** Whether two results are the same but for rounding: `tolerance` is relative to the largest value of the first. */
export function agree(expected: Float32Array, found: Float32Array, tolerance: number): boolean {
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return expected.length === found.length && expected.every((value, i) => Math.abs(value - found[i]) <= tolerance * scale);
}
