import { attackedLabel } from '../attacks/label-map.js';
import type { Result, Scores } from './result.js';

/** The models a result may speak of, in the order in which they are shown. */
export const modelKeys = ['before', 'ft', 'after'] as const;
export type ModelKey = (typeof modelKeys)[number];

/** A model with its name for the reader. */
export interface ScoredModel {
  readonly key: ModelKey;
  readonly title: string;
  readonly scores: Scores;
}

/** The models that the result has scores of. */
export function scoredModels(result: Result): ScoredModel[] {
  return modelKeys.flatMap((key) => {
    const scores = result[key];
    return scores ? [{ key, title: modelTitle(result, key), scores }] : [];
  });
}

const beforeTitles: Readonly<Record<Result['kind'], string>> = {
  demo: 'Before repair',
  repair: 'Before repair',
  attack: 'Backdoored',
  evaluate: 'Model',
  scan: 'Model',
  train: 'Clean',
};

/** What to call a model: `Before repair`, `FT`, `FMP`. */
export function modelTitle(result: Result, key: ModelKey): string {
  if (key === 'before') return beforeTitles[result.kind];
  const method = key === 'ft' ? result.baseline : result.defense;
  return methodTitle(method) ?? (key === 'ft' ? 'FT' : 'After repair');
}

/** A method's name as in the literature, or at least in capitals. */
export function methodTitle(method: Result['defense']): string | undefined {
  return method && (method.title ?? method.method.toUpperCase());
}

/** A class's name: its number where the result does not name classes. */
export function className(result: Result, label: number): string {
  return result.data?.classes?.[label] ?? String(label);
}

/** A class in running text: `class 0`, or the name in quotation marks where it is a word. */
export function classInWords(result: Result, label: number): string {
  const name = className(result, label);
  return /^\d+$/.test(name) ? `class ${name}` : `“${name}”`;
}

/** What the attack wants a triggered image of the given class to be taken for; undefined where that is not known. */
export function wantedLabel(result: Result, label: number): number | undefined {
  const map = result.attack?.labelMap;
  const classes = result.data?.classes?.length;
  if (map?.kind === 'all-to-one') return map.target;
  return map && classes ? attackedLabel(label, map, classes) : undefined;
}

/** The attack's goal in running text: `class 0`. */
export function goalInWords(result: Result): string {
  const map = result.attack?.labelMap;
  return map?.kind === 'all-to-one' ? classInWords(result, map.target) : 'what the attacker wants';
}
