/** A numeric axis: its ends, and the values at which it is marked. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Ascending, the ends among them. */
  readonly ticks: readonly number[];
  /** Position of a value along the axis: 0 at its low end, 1 at its high end. */
  at(value: number): number;
}

/**
 * An axis of round numbers around the given values.
 *
 * @param low smallest value to be shown.
 * @param high largest value to be shown.
 * @param steps about how many divisions to aim at.
 */
export function roundScale(low: number, high: number, steps = 4): Scale {
  const step = roundStep((high - low || Math.abs(high) || 1) / steps);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  // Multiples of the step are rounded to its own precision: 3 * 0.1 would be 0.30000000000000004.
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
  return scaleOver(ticks);
}

/** An axis of whole numbers from one to the other, every one or every few of them marked. */
export function wholeScale(low: number, high: number, most = 8): Scale {
  const end = Math.max(high, low + 1);
  const step = Math.max(1, roundStep((end - low) / most));
  const ticks = [low];
  for (let tick = Math.ceil((low + 1) / step) * step; tick <= end; tick += step) ticks.push(tick);
  return { ...scaleOver([low, end]), ticks };
}

function scaleOver(ticks: readonly number[]): Scale {
  const low = ticks[0];
  const high = ticks[ticks.length - 1];
  return { low, high, ticks, at: (value) => (value - low) / (high - low) };
}

/** The smallest of 1, 2 and 5 times a power of ten that is not under the given number. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}
