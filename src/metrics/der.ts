import type { Measurement } from './measure.js';

/**
 * Defence effectiveness rating: [max(0, drop of ASR) - max(0, drop of ACC) + 1] / 2, drops being before minus after.
 * 0..1; 0.5 where a defence changed nothing, 1 where it removed a perfect attack at no loss of accuracy.
 *
 * Zhu, Wei, Shen, Fan, Wu: Enhancing Fine-Tuning Based Backdoor Defense with Sharpness-Aware Minimization, ICCV 2023.
 */
export function defenseEffectivenessRating(before: Pick<Measurement, 'acc' | 'asr'>, after: Pick<Measurement, 'acc' | 'asr'>): number {
  return (Math.max(0, before.asr - after.asr) - Math.max(0, before.acc - after.acc) + 1) / 2;
}
