/** Does some work and adds the time that it took to that of its phase. */
export type Timed = <T>(phase: string, work: () => Promise<T>) => Promise<T>;

/** Seconds by phase, in the order in which phases began; what runs inside another phase counts for itself alone. */
export function stopwatch(): { readonly seconds: Record<string, number>; readonly timed: Timed } {
  const seconds: Record<string, number> = {};
  const running: string[] = [];
  const timed: Timed = async (phase, work) => {
    const around = running.at(-1);
    seconds[phase] ??= 0;
    running.push(phase);
    const started = performance.now();
    try {
      return await work();
    } finally {
      const took = (performance.now() - started) / 1000;
      running.pop();
      seconds[phase] += took;
      if (around !== undefined) seconds[around] -= took;
    }
  };
  return { seconds, timed };
}
