import type { Published } from './table.js';

const fmp = 'Huang, Bu: Adversarial Feature Map Pruning for Backdoor, ICLR 2024, abstract; average over its attacks';
const anp = "the same paper's Table 1, as its authors quote it in their OpenReview reply; average over its attacks";

/** Numbers of publications, each with its place. Networks, attacks and their options there are not those of a grid here. */
export const published: readonly Published[] = [
  { data: 'cifar10', defense: 'fmp', measure: 'asr', value: 0.0286, source: fmp },
  { data: 'cifar10', defense: 'fmp', measure: 'ra', value: 0.874, source: fmp },
  { data: 'cifar10', defense: 'anp', measure: 'asr', value: 0.6827, source: anp },
];
