/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** Chance that a standard normal number is at most x, right to 7 digits (Abramowitz and Stegun 26.2.17). */
export function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = normalDensity(x) * series;
  return x >= 0 ? 1 - tail : tail;
}

/** The number that a standard normal one exceeds with the given chance, by bisection. @param chance above 0, below 1. */
export function normalQuantile(chance: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalBelow(-middle) > chance) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
