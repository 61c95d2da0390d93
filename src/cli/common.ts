import { z } from 'zod';
import { formsFolder } from '../data/node/cache-folder.js';
import { type DataOptions, dataOptions } from '../jobs/data-options.js';
import { zooData } from '../jobs/node/zoo.js';
import type { Engine } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import type { OptionGroup } from './command.js';
import type { Given } from './options/given.js';

/** Where to compute, and with what seed. */
export const machineOptions = z.object({
  device: z
    .enum(['auto', 'cpu', 'webgpu', 'cuda'])
    .default('auto')
    .describe('where to compute; auto tries all and takes the fastest, which takes a few seconds'),
  threads: z.int().min(1).max(1024).optional().describe('CPU threads, from 1; default: as many as the machine offers'),
  seed: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 32 - 1)
    .default(0)
    .describe('everything random follows from it; a whole number'),
});

/** The same for a command that trains. */
export const trainingMachineOptions = machineOptions.extend({
  conv_forms: z
    .enum(['rule', 'measured'])
    .default('rule')
    .describe(
      "how training computes a layer's gradients: by a rule of its shape, or in what is fastest on this machine, measured once and kept; forms differ in the last digits",
    ),
});

/** Which model, and what is known of a backdoor in it. */
export const modelOptions = z.object({
  model: z
    .string()
    .min(1)
    .describe(
      "ONNX file of an image classifier; state dictionary of PyTorch (.pt, .pth, .tar, .ckpt) or safetensors; or zoo:NAME for one of those that 'antidote zoo list' shows",
    ),
  arch: z
    .string()
    .min(1)
    .optional()
    .describe('network that a state dictionary was saved from, see docs/models.md; default: the one that its names and shapes fit'),
  backdoor: z
    .string()
    .min(1)
    .optional()
    .describe(
      'result.json of the attack or zoo:NAME, to measure ASR and RA by; a model of the zoo brings its own, else only ACC is measured. No defence sees it',
    ),
  trigger: z
    .string()
    .min(1)
    .optional()
    .describe(
      'in place of backdoor, what a known trigger looks like: patch:SIZE[,grid][,POSITION], a white or checkered square in the bottom-right or another corner, or a picture file that overwrites the image where it is not black',
    ),
  trigger_target: z.int().min(0).optional().describe('class that trigger leads to, counted from 0'),
});

/** Options that every command has. */
export const everyCommand: OptionGroup = {
  title: 'Every command',
  schema: z.object({
    config: z
      .string()
      .optional()
      .describe("YAML file of options, under the names here or BackdoorBench's; options on the command line win"),
    json: z.boolean().default(false).describe('print progress and result as JSON, one object a line, for other programs'),
    help: z.boolean().default(false).describe('print this help'),
  }),
};

/** An option `out`, described. */
export function outOption(folder: string): z.ZodObject<{ out: z.ZodDefault<z.ZodString> }> {
  return z.object({ out: z.string().min(1).default(folder).describe('folder for what comes out; made where it is missing') });
}

/** Which data, where a model of the zoo says so unless the user does. */
export async function readData(given: Given, model: string): Promise<DataOptions> {
  const own = await zooData(model);
  if (own === undefined) return given.read(dataOptions);
  return given.read(dataOptions.extend({ data: dataOptions.shape.data.default(own) }));
}

/** Starts the engine that the options ask for, and stops it when the work is done or has failed. */
export async function withEngine<T>(
  given: Given,
  work: (engine: Engine) => Promise<T>,
  options: typeof machineOptions | typeof trainingMachineOptions = machineOptions,
): Promise<T> {
  const settings = given.read(options);
  const { device, threads } = settings;
  const isMeasured = 'conv_forms' in settings && settings.conv_forms === 'measured';
  const engine = await createEngine({ device, threads, forms: isMeasured ? formsFolder() : undefined });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
