import { z } from 'zod';
import type { Defense } from './defense.js';
import { fineTuneOptions, prepareFineTune } from './fine-tune.js';

/** Plain fine-tuning on the clean images: the baseline of every other defence. */
export const ft: Defense<z.ZodObject<typeof fineTuneOptions>> = {
  name: 'ft',
  title: 'FT',
  summary: 'Trains the whole model on the clean images and does nothing else.',
  paper: {
    title: 'Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks',
    authors: 'Liu, Dolan-Gavitt, Garg',
    venue: 'RAID',
    year: 2018,
  },
  options: z.object(fineTuneOptions),

  async repair({ model, clean }, options, context) {
    const started = performance.now();
    const { classifier, history } = await prepareFineTune(clean, options, context)(model);
    return {
      model: classifier,
      pruned: {},
      history,
      rule: `The model after the last of ${options.epochs} epochs on the clean images was taken; nothing was selected.`,
      seconds: { 'fine-tune': (performance.now() - started) / 1000 },
    };
  },
};
