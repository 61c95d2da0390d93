import { z } from 'zod';
import type { Defense } from '../../defenses/defense.js';
import { cleanOptions } from '../../jobs/clean.js';
import { dataOptions } from '../../jobs/data-options.js';
import { runRepair } from '../../jobs/node/run-repair.js';
import { pixelOptions } from '../../jobs/pixel-options.js';
import type { Command } from '../command.js';
import { modelOptions, outOption, readData, trainingMachineOptions, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

const explain = z.object({
  explain: z.boolean().default(false).describe("write explain.json and explain.csv: every feature map's figures, rank and decision"),
});

/** `repair NAME`: repairs a model with a few clean images. */
export function repairCommand(defense: Defense): Command {
  const out = outOption(`runs/${defense.name}`);
  return {
    name: `repair ${defense.name}`,
    summary: `Repair a model with ${defense.title} and a few clean images. ${defense.summary}`,
    groups: [
      { title: 'Model', schema: modelOptions },
      { title: 'Pixels', schema: pixelOptions },
      { title: 'Data', schema: z.object({ ...dataOptions.shape, ...cleanOptions.shape }) },
      { title: defense.title, schema: defense.options },
      { title: 'Run', schema: z.object({ ...out.shape, ...explain.shape, ...trainingMachineOptions.shape }) },
    ],
    async run(given, context) {
      const settings = {
        defense,
        options: given.read(defense.options),
        ...given.read(modelOptions),
        pixels: given.read(pixelOptions),
        data: await readData(given, given.read(modelOptions).model),
        ...given.read(cleanOptions),
        ...given.read(out),
        ...given.read(explain),
        seed: given.read(trainingMachineOptions).seed,
        command: given.commandLine,
      };
      printRun(context.output, await withEngine(given, (engine) => runRepair({ engine, ...settings }, context), trainingMachineOptions));
    },
  };
}
