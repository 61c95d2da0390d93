import { z } from 'zod';
import { runDemo } from '../../jobs/node/run-demo.js';
import type { Command } from '../command.js';
import { outOption, trainingMachineOptions, withEngine } from '../common.js';
import { printRun } from '../print-run.js';

const out = outOption('runs/demo');
const scale = z.object({
  quick: z.boolean().default(false).describe('fewer images: shows in half a minute that everything works, not how well'),
});
/** The demo is for a laptop's CPU; trying what else there is takes longer than it could save. */
const machine = trainingMachineOptions.extend({
  device: trainingMachineOptions.shape.device.unwrap().default('cpu').describe('where to compute; auto tries all and takes the fastest'),
});

/** `demo`: the main job, end to end. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'Plant a backdoor in a network for MNIST, repair it with FMP and for comparison with FT, and draw a report.',
  groups: [{ title: 'Run', schema: z.object({ ...scale.shape, ...out.shape, ...machine.shape }) }],
  resumes: true,
  async run(given, context) {
    const settings = { ...given.read(scale), ...given.read(out), seed: given.read(machine).seed, command: given.commandLine };
    const about = settings.quick ? 'about half a minute' : 'about two minutes';
    context.output.note(`Planting BadNets in a network for MNIST, then repairing it: ${about} on two cores.`);
    printRun(context.output, await withEngine(given, (engine) => runDemo({ engine, ...settings }, context), machine));
  },
};
