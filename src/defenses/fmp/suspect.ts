import type { Tensor } from '../../core/tensor.js';
import { sizeOfDataset } from '../../data/dataset.js';
import { stratified } from '../../data/sample.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import type { DefenseContext, DefenseTask } from '../defense.js';
import { invertTriggers, type PseudoTrigger } from '../inversion.js';
import type { FmpOptions } from './options.js';
import { responses, withPseudoTrigger } from './response.js';

/** The class that is reached most easily, and what reaching it does to the feature maps. */
export interface Suspect {
  readonly trigger: PseudoTrigger;
  /** Median size of the patches of all classes, in pixels. */
  readonly medianSize: number;
  /** Response of every map to the patch, by layer name. */
  readonly responses: Readonly<Record<string, Float32Array>>;
}

/**
 * FMP turned round. The scan disturbs one map and sees what becomes of the accuracy; but the input that disturbs a map most
 * is rarely the trigger, because maps of a small network serve the task as well. So here the accuracy is made to collapse
 * first, by a small patch that leads any image to one class, and the maps that this disturbs most are the suspects.
 * @param images clean pixels [B, C, H, W] on which responses are measured.
 */
export async function suspectClass(
  { model, clean }: DefenseTask,
  layers: readonly ConvLayer[],
  images: Tensor<'float32'>,
  { trigger_images, trigger_steps, trigger_lr, trigger_sparsity }: FmpOptions,
  { engine, random, progress, signal }: DefenseContext,
): Promise<Suspect> {
  const sample = stratified(clean, { count: Math.min(trigger_images, sizeOfDataset(clean)) }, random.fork('images'));
  const triggers = await invertTriggers(engine, model, unitPixels(sample.images, sample.imageShape), {
    steps: trigger_steps,
    rate: trigger_lr,
    sparsity: trigger_sparsity,
    random: random.fork('patterns'),
    progress,
    signal,
  });
  // The objective that was minimised decides, not the size alone: a small patch that does not lead to its class is no shortcut.
  const cost = ({ loss, size }: PseudoTrigger) => loss + trigger_sparsity * size;
  const trigger = triggers.toSorted((a, b) => cost(a) - cost(b))[0];
  const sizes = triggers.map(({ size }) => size).toSorted((a, b) => a - b);
  const changed = withPseudoTrigger(images, trigger);
  return { trigger, medianSize: sizes[sizes.length >> 1], responses: await responses(engine, model, layers, images, changed) };
}
