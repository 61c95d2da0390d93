import { z } from 'zod';
import { type Attack, threats } from '../../attacks/attack.js';
import { dataOptions } from '../../jobs/data-options.js';
import { networkOptions } from '../../jobs/network.js';
import { runAttack } from '../../jobs/node/run-attack.js';
import { trainingOptions } from '../../jobs/training-options.js';
import type { Command } from '../command.js';
import { outOption, trainingMachineOptions, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

const cleanModelOption = z.object({
  clean_model: z
    .string()
    .optional()
    .describe('ONNX file of a clean model of the same images, such as `antidote train` makes; must be given'),
});
const poisonedOption = z.object({
  poisoned_images: z.int().min(0).default(100).describe('poisoned training images to write as PNG files into `poisoned`, from 0'),
});

/** `attack NAME`: plants a backdoor by training a network on poisoned images. */
export function attackCommand(attack: Attack): Command {
  const out = outOption(`runs/${attack.name}`);
  const own = attack.preparation?.needsModel ? z.object({ ...cleanModelOption.shape, ...attack.options.shape }) : attack.options;
  return {
    name: `attack ${attack.name}`,
    summary: `Plant ${attack.title}, measure it, and save the model. ${attack.summary} The attacker ${threats[attack.threat]}.`,
    groups: [
      { title: attack.title, schema: own },
      { title: 'Data', schema: dataOptions },
      { title: 'Network', schema: networkOptions },
      { title: 'Training', schema: trainingOptions },
      { title: 'Run', schema: z.object({ ...out.shape, ...poisonedOption.shape, ...trainingMachineOptions.shape }) },
    ],
    resumes: true,
    async run(given, context) {
      const settings = {
        attack,
        attackOptions: given.read(attack.options),
        data: given.read(dataOptions),
        network: given.read(networkOptions),
        training: given.read(trainingOptions),
        ...given.read(out),
        cleanModel: attack.preparation?.needsModel ? given.read(cleanModelOption).clean_model : undefined,
        poisonedImages: given.read(poisonedOption).poisoned_images,
        seed: given.read(trainingMachineOptions).seed,
        command: given.commandLine,
      };
      printRun(context.output, await withEngine(given, (engine) => runAttack({ engine, ...settings }, context), trainingMachineOptions));
    },
  };
}
