/** A learning-rate schedule: from the number of finished epochs and of finished steps, both from 0, to the rate. */
export type Schedule = (at: { readonly epoch: number; readonly step: number }) => number;

/** The same rate throughout. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}

/** Half a cosine from `rate` to `minimum` over `epochs`, changed once an epoch (SGDR without restarts, ICLR 2017). */
export function cosine({ rate, epochs, minimum = 0 }: { rate: number; epochs: number; minimum?: number }): Schedule {
  return ({ epoch }) => minimum + ((rate - minimum) * (1 + Math.cos((Math.PI * epoch) / epochs))) / 2;
}

/** Multiplied by `gamma` every `size` epochs. */
export function stepwise({ rate, size, gamma = 0.1 }: { rate: number; size: number; gamma?: number }): Schedule {
  return ({ epoch }) => rate * gamma ** Math.floor(epoch / size);
}

/** Multiplied by `gamma` at each of the given epochs. */
export function multiStep({ rate, milestones, gamma = 0.1 }: { rate: number; milestones: readonly number[]; gamma?: number }): Schedule {
  return ({ epoch }) => rate * gamma ** milestones.filter((milestone) => epoch >= milestone).length;
}

export interface OneCycleOptions {
  /** Highest rate. */
  readonly peak: number;
  /** Steps in all. */
  readonly steps: number;
  /** Share of the steps during which the rate rises. Default 0.3. */
  readonly rise?: number;
  /** The first rate is the peak divided by this. Default 25. */
  readonly startDivisor?: number;
  /** The last rate is the first divided by this. Default 10,000. */
  readonly endDivisor?: number;
}

/**
 * Up to a peak and down again along half cosines, changed at every step (Smith and Topin, "Super-Convergence", 2018);
 * PyTorch's OneCycleLR with two phases. Momentum is left alone.
 */
export function oneCycle({ peak, steps, rise = 0.3, startDivisor = 25, endDivisor = 1e4 }: OneCycleOptions): Schedule {
  const start = peak / startDivisor;
  const end = start / endDivisor;
  const top = rise * steps - 1;
  const between = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  const falling = steps - 1 - top;
  return ({ step }) => (step < top ? between(start, peak, step / top) : between(peak, end, falling > 0 ? (step - top) / falling : 0));
}
