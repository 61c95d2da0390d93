import { join } from 'node:path';
import { badnets } from '../../attacks/badnets.js';
import type { Control } from '../../core/progress.js';
import type { Defense } from '../../defenses/defense.js';
import { findDefense } from '../../defenses/registry.js';
import type { Engine } from '../../runtime/engine.js';
import { openOutputFolder } from '../../runtime/node/files.js';
import { makeResult } from '../assemble.js';
import { drawClean } from '../clean.js';
import { evaluateModel } from '../evaluate.js';
import { labelled } from '../labelled.js';
import { Meter } from '../meter.js';
import { takePictures } from '../pictures.js';
import { plantBackdoor } from '../plant.js';
import { repairModel } from '../repair.js';
import { checkpointFile } from './checkpoint-file.js';
import { loadData } from './load-data.js';
import { saveModel } from './models.js';
import { type SavedRun, saveRun } from './run-folder.js';
import { residentMemory, surroundingsOf } from './surroundings.js';

export interface DemoRun {
  readonly engine: Engine;
  /** Folder for what comes out; made where it is missing. */
  readonly out: string;
  /** Any integer. */
  readonly seed: number;
  /** Fewer images everywhere: shows that everything works, not how well. */
  readonly quick: boolean;
  /** The command line, for the record. */
  readonly command?: string;
}

/** A PreActResNet that two cores train on MNIST in a minute and a half, normalised with the constants that everybody uses. */
const network = { width: 8, depths: [1, 1, 1, 1], mean: [0.1307], std: [0.3081] };
/** Two passes suffice at this rate; digits are not shifted, as they stand in the centre already. */
const training = {
  epochs: 2,
  batch_size: 64,
  lr: 0.1,
  wd: 5e-4,
  lr_scheduler: 'OneCycleLR',
  onecycle_start_divisor: 5,
  crop_padding: 0,
} as const;

/**
 * How far the scan may change a pixel: within FMP's default of 0.06, made for colour photographs, no digit is misread, within
 * 0.25 all are, whichever map is disturbed. In between the maps differ. Found on clean training images.
 */
const budget = { eps: 0.15, alpha: 0.05 };
/** Half the scan images and epochs of FMP's defaults: the result hardly differs here, and the demo has three minutes. */
const full = { images: {}, ratio: 0.05, defense: { ...budget, scan_images: 64, epochs: 5 } };
const quick = { images: { train_images: 12_000, test_images: 2_000 }, ratio: 0.1, defense: { ...budget, scan_images: 32 } };

/**
 * The main job, end to end: plants BadNets in MNIST, repairs the model with FMP, and for comparison with plain fine-tuning on
 * the same clean images. Writes `backdoored.onnx`, `repaired.onnx`, `ft.onnx`, `result.json`, `pictures.json` and `report.html`.
 * While it trains there is a checkpoint in the folder, from which the same run goes on after it was interrupted or killed.
 * @throws UserError when something cannot be read or written; Interrupted when the signal fires.
 */
export async function runDemo(run: DemoRun, control: Control = {}): Promise<SavedRun> {
  const { engine, out, seed, command } = run;
  const scale = run.quick ? quick : full;
  await openOutputFolder(out);
  const meter = new Meter(residentMemory);
  const data = await meter.run('load data', () => loadData({ data: 'mnist', ...scale.images }, seed, control));
  const { test } = data;

  const checkpoints = checkpointFile(join(out, 'training.checkpoint'));
  const plant = () => plantBackdoor({ engine, data, attack: badnets, network, training, seed, checkpoints }, labelled(control, 'attack'));
  const planted = await meter.run('attack', plant, ({ seconds }) => seconds);
  const { model, triggered } = planted;
  await saveModel(join(out, 'backdoored.onnx'), model);

  const clean = drawClean(data.train, { ratio: scale.ratio, seed });
  const fmp = findDefense('fmp');
  const ft = findDefense('ft');
  const options = fmp.options.parse(scale.defense);
  const repair = (defense: Defense, own: Readonly<Record<string, unknown>>) => {
    const work = () => repairModel({ engine, model, clean, defense, options: own, seed }, labelled(control, defense.name));
    return meter.run(defense.name, work, ({ seconds }) => seconds);
  };
  const tuned = await repair(ft, sharedOptions(ft, options));
  const repaired = await repair(fmp, options);

  const evaluate = (judged: typeof model, label: string) =>
    evaluateModel({ engine, model: judged, test, backdoor: triggered }, labelled(control, label));
  const models = { before: model, ft: tuned.model, after: repaired.model };
  const [scores, pictures] = await meter.run('measure', async () => [
    { before: planted.scores, ft: await evaluate(models.ft, 'ft'), after: await evaluate(models.after, 'fmp') },
    await takePictures({ engine, test, backdoor: triggered, models, seed }, control),
  ]);

  const frame = { kind: 'demo', seed, data, clean, surroundings: { ...surroundingsOf(engine), command } } as const;
  const result = makeResult(frame, {
    attack: planted.record,
    ...scores,
    defense: repaired.record,
    baseline: tuned.record,
    pruned: repaired.pruned,
    history: { attack: planted.history, ft: tuned.history, fmp: repaired.history },
    phases: meter.phases,
  });
  const saved = await saveRun(out, { result, pictures, models: { backdoored: model, repaired: repaired.model, ft: tuned.model } });
  await checkpoints.remove();
  return saved;
}

/** The options that fine-tuning has in common with another defence, so that the two differ in nothing else. */
function sharedOptions(defense: Defense, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in defense.options.shape));
}
