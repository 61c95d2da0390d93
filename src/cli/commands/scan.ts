import { z } from 'zod';
import { detectors } from '../../detectors/registry.js';
import { cleanOptions } from '../../jobs/clean.js';
import { dataOptions } from '../../jobs/data-options.js';
import { runScan } from '../../jobs/node/run-scan.js';
import { pixelOptions } from '../../jobs/pixel-options.js';
import { verdict } from '../../report/verdict.js';
import type { Command } from '../command.js';
import { machineOptions, modelOptions, outOption, readData, withEngine } from '../common.js';

const model = modelOptions.pick({ model: true, arch: true });
const out = outOption('runs/scan');

/** `scan`: is a model backdoored? */
export const scanCommand: Command = {
  name: 'scan',
  summary: 'Look whether a model is backdoored, with clean images alone: which class, how sure, and what its trigger looks like.',
  groups: [
    { title: 'Model', schema: model },
    { title: 'Pixels', schema: pixelOptions },
    { title: 'Data', schema: z.object({ ...dataOptions.shape, ...cleanOptions.shape }) },
    ...detectors.map(({ title, options }) => ({ title, schema: options })),
    { title: 'Run', schema: z.object({ ...out.shape, ...machineOptions.shape }) },
  ],
  async run(given, { output, ...context }) {
    const settings = {
      detectors,
      options: Object.assign({}, ...detectors.map(({ options }) => given.read(options))) as Record<string, unknown>,
      ...given.read(model),
      pixels: given.read(pixelOptions),
      data: await readData(given, given.read(model).model),
      ...given.read(cleanOptions),
      ...given.read(out),
      seed: given.read(machineOptions).seed,
      command: given.commandLine,
    };
    const { result, files } = await withEngine(given, (engine) => runScan({ engine, ...settings }, context));
    output.result({ result, files }, [...verdict(result), '', ...files.map((file) => `  ${file}`)].join('\n'));
  },
};
