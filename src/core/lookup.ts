import { UserError } from './errors.js';

/**
 * The entry of a registry with the given name.
 * @param what what the entries are, for the message: `attack`, `data set`.
 * @throws UserError when there is none, with the nearest name or else the list of all.
 */
export function findNamed<T extends { readonly name: string }>(entries: readonly T[], name: string, what: string): T {
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  const names = entries.map((entry) => entry.name);
  const near = nearest(name, names);
  throw new UserError(`there is no ${what} '${name}'; ${near ? `did you mean '${near}'?` : `choose from: ${names.join(', ')}`}`);
}

/** The candidate that a typing mistake in `word` most likely stands for; undefined when none is close. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the letters wrong, and it is more likely another word than a slip.
  let least = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? beforePrevious[j - 2] + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}
