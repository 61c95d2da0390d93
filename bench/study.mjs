// Which ranking of feature maps finds which backdoor, and what is left of it after the repair? Takes the models of
// bench/study-train.mjs, repairs each in every way asked for, and measures. Run after a build:
//
//   node bench/study.mjs --data mnist --attacks badnets,blended,sig,wanet --seeds 1,2,3 --plan compare [--on test] [--from FOLDER]
//
// One line of JSON a repair goes to OUT/DATA/PLAN-ON.jsonl; a run that was killed goes on from there. `--on held` measures on
// training images that neither attacker nor defender sees: for choosing. `--on test` is for final tables. The trigger is used to
// measure, and for the ranking called `oracle`, which is no defence.
import { parseArgs } from 'node:util';
import { triggeredTestSet } from '../dist/attacks/triggered.js';
import { Random } from '../dist/core/random.js';
import { sizeOfDataset } from '../dist/data/dataset.js';
import { prepareFineTune } from '../dist/defenses/fine-tune.js';
import { fmp } from '../dist/defenses/fmp/index.js';
import { fmpOptions } from '../dist/defenses/fmp/options.js';
import { select } from '../dist/defenses/fmp/select.js';
import { tryTunings, withTuning } from '../dist/defenses/fmp/trials.js';
import { withTriggeredCopies } from '../dist/defenses/fmp/unlearn.js';
import { prune } from '../dist/defenses/prune.js';
import { measure } from '../dist/metrics/measure.js';
import { convLayers } from '../dist/nn/feature-maps.js';
import { Predictor } from '../dist/nn/predict.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { Cells } from './study/cells.mjs';
import { backdoored, imagesFor } from './study/models.mjs';
import { hits, spearman } from './study/oracle.mjs';
import { plans } from './study/plans.mjs';
import { scoresOf } from './study/scores.mjs';
import { settings } from './study/settings.mjs';
import { table } from './study/table.mjs';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string', default: 'mnist' },
    attacks: { type: 'string', default: 'badnets' },
    seeds: { type: 'string', default: '1,2,3' },
    plan: { type: 'string', default: 'compare' },
    on: { type: 'string', default: 'held' },
    from: { type: 'string' },
    out: { type: 'string', default: 'runs/study' },
  },
});
const { data, out } = flags;
const cells = new Cells(`${out}/${data}/${flags.plan}-${flags.on}.jsonl`);
const engine = await createEngine({ device: 'cpu' });
for (const seed of flags.seeds.split(',').map(Number)) {
  for (const attack of flags.attacks.split(',')) {
    const todo = plans[flags.plan].filter(({ name }) => !cells.has(keyOf({ attack, seed, name })));
    if (todo.length > 0) await study({ data, attack, seed }, todo);
  }
}
await engine.close();
console.log(table(cells.all(), plans[flags.plan]));

function keyOf({ attack, seed, name }) {
  return `${attack} ${seed} ${name}`;
}

async function study(cell, todo) {
  const images = await imagesFor(data, cell.seed, flags.from);
  const { clean } = images;
  const { model, backdoor } = await backdoored(engine, out, cell, images);
  const layers = convLayers(model.graph);
  const judged = await triggeredTestSet(images[flags.on], backdoor, engine);
  const known = { model, backdoor, clean };
  const oracle = (await scoresOf(engine, out, cell, 'oracle', {}, known)).scores;
  for (const variant of todo) {
    const { name, ranking, rule, given = {}, tuning = {}, whole = false, draw } = variant;
    const options = fmpOptions.parse({ unlearn: 0, ...settings[data].fineTune, ...settings[data].scan, ...given, ...tuning });
    const context = { engine, random: new Random(cell.seed).fork('repair', draw ?? 0) };
    const started = performance.now();
    const about = {};
    let repaired = model;
    if (whole) {
      const result = await fmp.repair({ model, clean }, options, context);
      repaired = result.model;
      Object.assign(about, { maps: Object.values(result.pruned).flat().length, by: result.rule, phases: result.seconds });
    } else if (name !== 'backdoored') {
      let selection = {};
      let found = [];
      if (ranking) {
        const asked = { ...settings[data].scan, ...given, ...(draw === undefined ? {} : { draw }) };
        const { scores, by, seconds, triggers } = await scoresOf(engine, out, cell, ranking, asked, known);
        if (options.unlearn > 0) found = triggers;
        selection = Object.fromEntries(
          layers.map((layer) => [
            layer.name,
            select(
              scores[layer.name].map((suspicion, channel) => ({ channel, suspicion })),
              rule,
            ),
          ]),
        );
        const maps = Object.values(selection).flat().length;
        Object.assign(about, { maps, by, rankSeconds: seconds, hit: hits(scores, oracle, rule.p), rho: spearman(scores, oracle) });
      }
      const pruned = prune(model, layers, selection);
      const masks = options.hold_masks ? pruned.masks : undefined;
      const chosen = await tryTunings(pruned, clean, found, options, context);
      const taught = await withTriggeredCopies(engine, clean, found, chosen.unlearn, context.random.fork('unlearn'));
      const tune = prepareFineTune(taught, withTuning(options, chosen), context, { augmented: sizeOfDataset(clean) });
      repaired = (await tune(pruned.classifier, masks)).classifier;
      if (found.length > 0) Object.assign(about, { lr: chosen.lr, unlearn: chosen.unlearn });
    }
    const seconds = (performance.now() - started) / 1000;
    const predictor = await Predictor.create(engine, repaired);
    const { acc, asr, ra } = await measure(predictor, images[flags.on], judged);
    await predictor.release();
    cells.add(keyOf({ ...cell, name }), { ...cell, name, ...about, acc, asr, ra, seconds });
    console.log(JSON.stringify({ ...cell, name, hit: about.hit, rho: about.rho, acc, asr, ra, seconds }));
  }
}
