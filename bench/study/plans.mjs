// What is compared: lists of repairs. `rule` says how many maps are pruned, `given` are options of the ranking, `tuning` those of
// the fine-tuning; with `whole`, `given` are options of fmp, which then does everything. `draw` tells repetitions with other
// random numbers apart.
const eighth = { p: 8, minPerLayer: 1 };
const sixteenth = { p: 16, minPerLayer: 1 };
const before = [{ name: 'backdoored' }, { name: 'FT alone' }];
const repeat = (count, variant) => Array.from({ length: count }, (_, i) => ({ ...variant(i + 1) }));
const random = (count) => repeat(count, (draw) => ({ name: `random 1/8 #${draw}`, ranking: 'random', rule: eighth, draw }));

/** What the default comes to, beside the published ranking, chance, and the oracle. */
const compare = [
  ...before,
  { name: 'response 1/8', ranking: 'response', rule: eighth },
  { name: 'response 1/8, unlearn', ranking: 'response', rule: eighth, tuning: { unlearn: 0.2 } },
  {
    name: 'response 1/8, unlearn, masks not held',
    ranking: 'response',
    rule: eighth,
    tuning: { unlearn: 0.2, hold_masks: false },
  },
  {
    name: 'response 1/64, unlearn, masks not held',
    ranking: 'response',
    rule: { p: 64, minPerLayer: 0 },
    tuning: { unlearn: 0.2, hold_masks: false },
  },
  { name: 'unlearn alone', ranking: 'response', rule: { p: 1e6, minPerLayer: 0 }, tuning: { unlearn: 0.2 } },
  { name: 'accuracy 1/8', ranking: 'accuracy', rule: eighth },
  ...random(1),
  { name: 'oracle 1/8', ranking: 'oracle', rule: eighth },
];

/** Rankings that need no model of the trigger. */
const modelless = [
  { name: 'collapse 1/8', ranking: 'collapse', rule: eighth },
  { name: 'universal 1/8', ranking: 'universal', rule: eighth },
];

/** All rankings, an eighth of the maps each, without unlearning. */
const rankings = [
  { name: 'response 1/8', ranking: 'response', rule: eighth },
  ...modelless,
  ...random(1),
  { name: 'oracle 1/8', ranking: 'oracle', rule: eighth },
];

/** Each family of pseudo-triggers alone. */
const families = ['patch', 'additive', 'blend', 'warp'].map((family) => ({
  name: `response by ${family} 1/8`,
  ranking: 'response',
  rule: eighth,
  given: { trigger_families: [family] },
}));

/** The published method at several numbers of maps, beside chance and the other end of its ranking. */
const published = [
  ...before,
  { name: 'response 1/8', ranking: 'response', rule: eighth },
  { name: 'response 1/8, unlearn', ranking: 'response', rule: eighth, tuning: { unlearn: 0.2 } },
  { name: 'accuracy 1/64', ranking: 'accuracy', rule: { p: 64, minPerLayer: 0 } },
  { name: 'accuracy 1/8', ranking: 'accuracy', rule: eighth },
  ...random(1),
  { name: 'oracle 1/8', ranking: 'oracle', rule: eighth },
  { name: 'accuracy 1/16', ranking: 'accuracy', rule: sixteenth },
  { name: 'accuracy 1/4', ranking: 'accuracy', rule: { p: 4, minPerLayer: 1 } },
  { name: 'response 1/16', ranking: 'response', rule: sixteenth },
  { name: 'accuracy reversed 1/8', ranking: 'reverse-accuracy', rule: eighth },
  ...random(5).slice(1),
  {
    name: 'response 1/64, unlearn, masks not held',
    ranking: 'response',
    rule: { p: 64, minPerLayer: 0 },
    tuning: { unlearn: 0.2, hold_masks: false },
  },
];

/** What the default comes to, in as few repairs as tell it: for more attacks and seeds. */
const brief = ['backdoored', 'FT alone', 'accuracy 1/8', 'response 1/64, unlearn, masks not held'].map((wanted) =>
  compare.find(({ name }) => name === wanted),
);

/** What decides it, besides the ranking. */
const whole = (name, given) => ({ name, whole: true, given });
const tuned = (name, tuning, rule = eighth) => ({ name, ranking: 'response', rule, tuning });
const tuning = [
  { name: 'FT alone' },
  tuned('response 1/8', {}),
  tuned('response 1/8, unlearn', { unlearn: 0.2 }),
  tuned('unlearn alone', { unlearn: 0.2 }, { p: 1e6, minPerLayer: 0 }),
  tuned('unlearn 0.2 alone, rate as given', { unlearn: 0.2, lr_trials: 1 }, { p: 1e6, minPerLayer: 0 }),
  tuned('unlearn 1 alone, rate as given', { unlearn: 1, lr_trials: 1 }, { p: 1e6, minPerLayer: 0 }),
  tuned('response 1/16, unlearn', { unlearn: 0.2 }, sixteenth),
  tuned('response 1/8, unlearn, masks not held', { unlearn: 0.2, hold_masks: false }),
  {
    name: 'response 1/64, unlearn, masks not held',
    ranking: 'response',
    rule: { p: 64, minPerLayer: 0 },
    tuning: { unlearn: 0.2, hold_masks: false },
  },
  tuned('response 1/4', {}, { p: 4, minPerLayer: 1 }),
  tuned('response 1/8, lr 0.05', { lr: 0.05 }),
  tuned('response 1/8, 15 epochs', { epochs: 15 }),
  tuned('response 1/8, masks not held', { hold_masks: false }),
  tuned('response 1/8, no fine-tuning', { epochs: 0 }),
  whole('response 1/8 in 2 rounds', { rounds: 2 }),
];

/** What pruning, holding the masks and unlearning each do: what the default was chosen by. */
const choice = [...['unlearn alone', 'unlearn 1 alone, rate as given', 'unlearn 0.2 alone, rate as given', 'FT alone']].map((wanted) =>
  tuning.find(({ name }) => name === wanted),
);

export const plans = { brief, choice, compare, families, published, rankings, tuning };
