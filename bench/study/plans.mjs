// What is compared: lists of repairs. `rule` says how many maps are pruned, `given` are options of the ranking, `tuning` those of
// the fine-tuning; `draw` tells repetitions with other random numbers apart.
const eighth = { p: 8, minPerLayer: 1 };
const sixteenth = { p: 16, minPerLayer: 1 };
const before = [{ name: 'backdoored' }, { name: 'FT alone' }];
const repeat = (count, variant) => Array.from({ length: count }, (_, i) => ({ ...variant(i + 1) }));
const random = (count) => repeat(count, (draw) => ({ name: `random 1/8 #${draw}`, ranking: 'random', rule: eighth, draw }));

/** Every ranking at the same number of maps. */
const compare = [
  ...before,
  { name: 'accuracy 1/8', ranking: 'accuracy', rule: eighth },
  { name: 'collapse 1/8', ranking: 'collapse', rule: eighth },
  { name: 'universal 1/8', ranking: 'universal', rule: eighth },
  { name: 'response 1/8', ranking: 'response', rule: eighth },
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
  { name: 'accuracy 1/64', ranking: 'accuracy', rule: { p: 64, minPerLayer: 0 } },
  { name: 'accuracy 1/8', ranking: 'accuracy', rule: eighth },
  { name: 'oracle 1/8', ranking: 'oracle', rule: eighth },
  ...random(1),
  { name: 'response 1/16', ranking: 'response', rule: sixteenth },
  { name: 'accuracy 1/4', ranking: 'accuracy', rule: { p: 4, minPerLayer: 1 } },
  { name: 'accuracy 1/16', ranking: 'accuracy', rule: sixteenth },
  { name: 'accuracy reversed 1/8', ranking: 'reverse-accuracy', rule: eighth },
  ...random(5).slice(1),
];

/** What decides it, besides the ranking. */
const tuning = [
  ...[1, 2, 5, 10].flatMap((epochs) => [
    { name: `FT alone, ${epochs} epochs`, tuning: { epochs } },
    { name: `response 1/8, ${epochs} epochs`, ranking: 'response', rule: eighth, tuning: { epochs } },
  ]),
  ...[0.002, 0.05].map((lr) => ({ name: `response 1/8, lr ${lr}`, ranking: 'response', rule: eighth, tuning: { lr } })),
  { name: 'response 1/8, masks not held', ranking: 'response', rule: eighth, tuning: { hold_masks: false } },
  { name: 'response 1/4', ranking: 'response', rule: { p: 4, minPerLayer: 1 } },
  { name: 'response 1/32', ranking: 'response', rule: { p: 32, minPerLayer: 1 } },
  { name: 'response 1/8, 2 rounds', rounds: true, given: { p: 8, rounds: 2 } },
];

export const plans = { compare, families, published, tuning };
