import { z } from 'zod';
import { dataOptions } from '../../jobs/data-options.js';
import { runEvaluate } from '../../jobs/node/run-evaluate.js';
import { pixelOptions } from '../../jobs/pixel-options.js';
import type { Command } from '../command.js';
import { machineOptions, modelOptions, readData, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

const out = z.object({ out: z.string().min(1).optional().describe('folder for a result.json and a report; default: none is written') });

/** `evaluate`: measures a model. */
export const evaluateCommand: Command = {
  name: 'evaluate',
  summary: 'Measure a model on test images: ACC, and where a backdoor is given ASR and RA.',
  groups: [
    { title: 'Model', schema: modelOptions },
    { title: 'Pixels', schema: pixelOptions },
    { title: 'Data', schema: dataOptions },
    { title: 'Run', schema: z.object({ ...out.shape, ...machineOptions.shape }) },
  ],
  async run(given, context) {
    const settings = {
      ...given.read(modelOptions),
      pixels: given.read(pixelOptions),
      data: await readData(given, given.read(modelOptions).model),
      ...given.read(out),
      seed: given.read(machineOptions).seed,
      command: given.commandLine,
    };
    printRun(context.output, await withEngine(given, (engine) => runEvaluate({ engine, ...settings }, context)));
  },
};
