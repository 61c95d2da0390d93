import { z } from 'zod';
import type { Attack } from '../../attacks/attack.js';
import { dataOptions } from '../../jobs/data-options.js';
import { networkOptions } from '../../jobs/network.js';
import { runAttack } from '../../jobs/node/run-attack.js';
import { trainingOptions } from '../../jobs/training-options.js';
import type { Command } from '../command.js';
import { machineOptions, outOption, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

/** `attack NAME`: plants a backdoor by training a network on poisoned images. */
export function attackCommand(attack: Attack): Command {
  const out = outOption(`runs/${attack.name}`);
  return {
    name: `attack ${attack.name}`,
    summary: `Plant ${attack.title}, measure it, and save the model. ${attack.summary}`,
    groups: [
      { title: attack.title, schema: attack.options },
      { title: 'Data', schema: dataOptions },
      { title: 'Network', schema: networkOptions },
      { title: 'Training', schema: trainingOptions },
      { title: 'Run', schema: z.object({ ...out.shape, ...machineOptions.shape }) },
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
        seed: given.read(machineOptions).seed,
        command: given.commandLine,
      };
      printRun(context.output, await withEngine(given, (engine) => runAttack({ engine, ...settings }, context)));
    },
  };
}
