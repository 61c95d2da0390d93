/** Mean and spread of a number over seeds, or over attacks. */
export interface Statistic {
  readonly mean: number;
  /** Sample standard deviation; undefined for fewer than two values. */
  readonly deviation?: number;
  readonly count: number;
}

/** What a benchmark measures, all shares 0..1. */
export const measures = ['acc', 'asr', 'ra', 'der'] as const;
export type Measure = (typeof measures)[number];

/** A number that somebody published. */
export interface Published {
  readonly data: string;
  /** As typed on the command line: `fmp`. */
  readonly defense: string;
  /** Undefined for the average over the publication's attacks. */
  readonly attack?: string;
  readonly measure: Measure;
  /** Share, 0..1. */
  readonly value: number;
  /** Publication and place in it. */
  readonly source: string;
}

/** Statistics of a defence, and what it cost. */
export interface Scored {
  /** Labels of the grid. */
  readonly data: string;
  readonly model: string;
  readonly defense: string;
  readonly scores: Readonly<Partial<Record<Measure, Statistic>>>;
  /** Seconds that the defence took, or the training where there was none. */
  readonly seconds: Statistic;
  readonly peakMemoryMB?: number;
  readonly published: readonly Published[];
}

/** One attack met by one defence, or by none, over seeds. */
export interface Row extends Scored {
  readonly attack: string;
  /** Seeds that the grid asks for; `seconds.count` of them are done. */
  readonly planned: number;
}

/** One defence over all attacks that every defence of the same data and model has been tried on. */
export interface Average extends Scored {
  readonly attacks: number;
}

/** What a benchmark came to so far. */
export interface BenchTable {
  readonly name: string;
  /** Number of cells by state; `blocked` ones need a failed one. */
  readonly cells: Readonly<Record<'done' | 'failed' | 'blocked' | 'pending', number>>;
  readonly seeds: readonly number[];
  readonly rows: readonly Row[];
  readonly averages: readonly Average[];
  readonly failures: readonly { readonly cell: string; readonly title: string; readonly reason: string; readonly message: string }[];
}

/** What the row of an attack without a defence is called. */
export const NO_DEFENSE = 'none';

/** Mean and sample standard deviation. @returns undefined of no values. */
export function statistic(values: readonly number[]): Statistic | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, count };
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)), count };
}
