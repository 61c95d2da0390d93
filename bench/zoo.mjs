// Trains the models of the zoo, rounds them to 16 bits, measures those, and writes zoo/. Run after a build:
//
//   node bench/zoo.mjs [NAME...] [--runs runs/zoo] [--out zoo]
//
// Trainings are kept in the folder of runs, and one that was killed goes on from its last epoch. CIFAR-10 and GTSRB must be there
// (`antidote data get`); MNIST comes along.
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { findNamed } from '../dist/core/lookup.js';
import { findDataSource } from '../dist/data/node/registry.js';
import { listZoo } from '../dist/jobs/node/zoo.js';
import { createEngine } from '../dist/runtime/node/engine.js';
import { recipes } from './zoo/recipes.mjs';
import { store } from './zoo/store.mjs';
import { trained } from './zoo/train.mjs';

/** Most bytes that the zoo may have. */
const BUDGET = 12_000_000;

const { values: flags, positionals } = parseArgs({
  options: { runs: { type: 'string', default: 'runs/zoo' }, out: { type: 'string', default: 'zoo' } },
  allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals.map((name) => findNamed(recipes, name, 'recipe')) : recipes;
await mkdir(flags.out, { recursive: true });
const engine = await createEngine({ device: 'cpu' });
for (const recipe of wanted) {
  const { name, from } = recipe;
  if (from) await trained(findNamed(recipes, from, 'recipe'), flags.runs);
  const run = await trained(recipe, flags.runs);
  const { test } = await findDataSource(recipe.study?.data ?? /--data (\S+)/.exec(recipe.run)[1]).load();
  console.log(JSON.stringify({ name, ...(await store(engine, name, run, flags.out, test)) }));
}
await engine.close();
const models = await listZoo(flags.out);
const total = models.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${models.length} models, ${total} bytes`);
if (total > BUDGET) throw new Error(`that is more than ${BUDGET} bytes`);
