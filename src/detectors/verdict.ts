import { SIGNIFICANCE } from '../defenses/inversion/outlier-test.js';
import type { Finding } from './detector.js';

/** What a scan comes to. `clear` means that nothing was found, not that nothing is there. */
export type Level = 'likely' | 'possible' | 'clear';

/** A finding with what it is worth. */
export interface Judged extends Finding {
  /** Number of repeats that name the class that the finding names. */
  readonly agreeing: number;
  readonly level: Level;
}

/**
 * Judges each finding. `likely`: every repeat names the same class, and the chance, multiplied by the number of findings that have one
 * (Bonferroni), is below 5 %. `possible`: the chance alone is below 5 %, or, where none is known, some repeat reaches the threshold: how
 * often a threshold is wrong, nobody knows.
 */
export function judge(findings: readonly Finding[]): Judged[] {
  const tests = findings.filter(({ chance }) => chance !== undefined).length;
  return findings.map((finding) => {
    const { repeats, threshold, target, chance } = finding;
    const agreeing = repeats.filter((repeat) => repeat.target === target).length;
    const strong = chance !== undefined && chance * tests < SIGNIFICANCE;
    const weak = chance === undefined ? repeats.some(({ statistic }) => statistic >= threshold) : chance < SIGNIFICANCE;
    const level = strong && agreeing === repeats.length ? 'likely' : weak ? 'possible' : 'clear';
    return { ...finding, agreeing, level };
  });
}

export interface Verdict {
  readonly level: Level;
  /** The suspected class; absent when nothing was found. */
  readonly target?: number;
}

const order: readonly Level[] = ['likely', 'possible', 'clear'];

/** The strongest level that a finding has; the class is the one most findings of that level name, the first of equals. */
export function verdictOf(judged: readonly Judged[]): Verdict {
  const level = order.find((candidate) => judged.some((finding) => finding.level === candidate)) ?? 'clear';
  if (level === 'clear') return { level };
  const named = judged.filter((finding) => finding.level === level).map(({ target }) => target);
  const votes = (target: number) => named.filter((other) => other === target).length;
  return { level, target: named.reduce((best, target) => (votes(target) > votes(best) ? target : best)) };
}
