import type { Result } from '../report/result.js';

/** One line of `result.json`'s phases. */
export type PhaseRecord = NonNullable<Result['phases']>[number];

/** Milliseconds between two looks at the memory. */
const INTERVAL = 50;

interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly bytes: number;
}

/** Takes the time and the peak memory of each phase of a job. Memory is sampled, as no system records it by phase. */
export class Meter {
  readonly #memory: (() => number) | undefined;
  readonly #phases: PhaseRecord[] = [];

  /** @param memory bytes that the process takes now; without it only time is taken. */
  constructor(memory?: () => number) {
    this.#memory = memory;
  }

  /** What was measured so far, in order. */
  get phases(): readonly PhaseRecord[] {
    return this.#phases;
  }

  /**
   * Does a piece of work and records it as a phase.
   * @param partsOf seconds by part, in order, where the work knows what it consisted of; each becomes a phase of its own.
   */
  async run<T>(name: string, work: () => Promise<T>, partsOf?: (value: T) => Readonly<Record<string, number>>): Promise<T> {
    const samples: Sample[] = [];
    const look = () => {
      if (this.#memory) samples.push({ at: performance.now(), bytes: this.#memory() });
    };
    const started = performance.now();
    const timer = this.#memory && setInterval(look, INTERVAL);
    look();
    try {
      const value = await work();
      look();
      this.#record(name, started, performance.now(), samples, partsOf?.(value) ?? {});
      return value;
    } finally {
      clearInterval(timer);
    }
  }

  #record(name: string, started: number, ended: number, samples: readonly Sample[], parts: Readonly<Record<string, number>>): void {
    let from = started;
    for (const [part, seconds] of Object.entries(parts)) {
      const to = Math.min(from + seconds * 1000, ended);
      this.#add(`${name}: ${part}`, from, to, samples);
      from = to;
    }
    const rest = from > started;
    // What a method does between its parts is not worth a line of its own unless it takes long.
    if (!rest || ended - from > 500) this.#add(rest ? `${name}: rest` : name, from, ended, samples);
  }

  #add(name: string, from: number, to: number, samples: readonly Sample[]): void {
    const within = samples.filter(({ at }) => at >= from - INTERVAL && at <= to + INTERVAL).map(({ bytes }) => bytes);
    const peak = within.length > 0 ? { peakMemoryMB: Math.round(Math.max(...within) / 1e5) / 10 } : {};
    this.#phases.push({ name, seconds: Math.round(to - from) / 1000, ...peak });
  }
}
