import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { findAttack } from '../../../attacks/registry.js';
import { UserError } from '../../../core/errors.js';
import type { Control } from '../../../core/progress.js';
import { findDefense } from '../../../defenses/registry.js';
import { type Result, readResult } from '../../../report/result.js';
import { createEngine } from '../../../runtime/node/engine.js';
import type { DataOptions } from '../../data-options.js';
import type { networkOptions } from '../../network.js';
import { runAttack } from '../../node/run-attack.js';
import { runRepair } from '../../node/run-repair.js';
import { runTrain } from '../../node/run-train.js';
import type { CellInputs } from '../cells.js';
import { type Done, doneSchema } from '../outcome.js';
import type { CellTask } from './protocol.js';

type Engine = Awaited<ReturnType<typeof createEngine>>;

/**
 * Does one cell, with the same jobs that the command line has, and leaves their files in the task's folder.
 * @throws as those jobs do.
 */
export async function runCell(task: CellTask, control: Control): Promise<Done> {
  const { inputs, threads } = task;
  const engine = await createEngine({ device: inputs.device, threads });
  try {
    const result = await perform(engine, task, control);
    const phases = phasesOf(inputs, result);
    const peaks = (result.phases ?? []).flatMap(({ peakMemoryMB }) => peakMemoryMB ?? []);
    return doneSchema.parse({
      status: 'done',
      inputs,
      before: result.before,
      after: result.after,
      seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0),
      peakMemoryMB: peaks.length > 0 ? Math.max(...peaks) : undefined,
      checksums: result.data?.checksums,
    });
  } finally {
    await engine.close();
  }
}

async function perform(engine: Engine, task: CellTask, control: Control): Promise<Result> {
  const { inputs, out } = task;
  const { seed } = inputs;
  const common = { engine, out, data: dataOf(task), seed };
  if (inputs.kind === 'repair') return repair(engine, task, inputs, control);
  const { model, training } = inputs;
  const network = { ...model.options, model: model.name } as z.input<typeof networkOptions>;
  if (inputs.kind === 'clean') return (await runTrain({ ...common, network, training }, control)).result;
  const { attack, clean } = inputs;
  const cleanModel = clean === undefined ? undefined : join(needed(task), 'clean.onnx');
  const planting = { attack: findAttack(attack.name), attackOptions: attack.options, network, training, cleanModel, poisonedImages: 0 };
  return (await runAttack({ ...common, ...planting }, control)).result;
}

async function repair(engine: Engine, task: CellTask, inputs: Extract<CellInputs, { kind: 'repair' }>, control: Control): Promise<Result> {
  const { defense, ratio, seed } = inputs;
  const plant = needed(task);
  const run = {
    engine,
    out: task.out,
    model: join(plant, 'backdoored.onnx'),
    backdoor: join(plant, 'result.json'),
    data: dataOf(task),
    ratio,
    defense: findDefense(defense.name),
    options: defense.options,
    seed,
    // Measured when it was planted, by the same trigger and images.
    before: readResult(await readFile(join(plant, 'result.json'), 'utf8'), plant).before,
  };
  const { result } = await runRepair(run, control);
  if (!task.keepModels) await rm(join(task.out, 'repaired.onnx'), { force: true });
  return result;
}

function needed({ needs }: CellTask): string {
  if (needs === undefined) throw new UserError('the cell that this one starts from is missing; run the bench again');
  return needs;
}

function dataOf({ inputs: { data }, from }: CellTask): DataOptions {
  return { ...data.options, data: data.name, ...(from !== undefined && { from }) } as DataOptions;
}

/** Those phases of the job that are the work itself. */
function phasesOf(inputs: CellInputs, { phases = [] }: Result): readonly { readonly seconds: number }[] {
  const work = inputs.kind === 'repair' ? inputs.defense.name : inputs.kind === 'clean' ? 'train' : 'attack';
  return phases.filter(({ name }) => name === work || name.startsWith(`${work}: `));
}
