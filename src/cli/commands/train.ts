import { z } from 'zod';
import { dataOptions } from '../../jobs/data-options.js';
import { networkOptions } from '../../jobs/network.js';
import { runTrain } from '../../jobs/node/run-train.js';
import { trainingOptions } from '../../jobs/training-options.js';
import type { Command } from '../command.js';
import { outOption, trainingMachineOptions, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

const out = outOption('runs/clean');

/** `train`: trains a clean network. */
export const trainCommand: Command = {
  name: 'train',
  summary: 'Train a clean network, which some attacks start from, measure it, and save the model.',
  groups: [
    { title: 'Data', schema: dataOptions },
    { title: 'Network', schema: networkOptions },
    { title: 'Training', schema: trainingOptions },
    { title: 'Run', schema: z.object({ ...out.shape, ...trainingMachineOptions.shape }) },
  ],
  resumes: true,
  async run(given, context) {
    const settings = {
      data: given.read(dataOptions),
      network: given.read(networkOptions),
      training: given.read(trainingOptions),
      ...given.read(out),
      seed: given.read(trainingMachineOptions).seed,
      command: given.commandLine,
    };
    printRun(context.output, await withEngine(given, (engine) => runTrain({ engine, ...settings }, context), trainingMachineOptions));
  },
};
