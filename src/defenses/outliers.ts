/** Positions of values more than `deviations` sample standard deviations above the mean. Values that are equal have none. */
export function farAboveMean(values: ArrayLike<number>, deviations: number): number[] {
  const list = Array.from(values);
  if (list.length < 2) return [];
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (list.length - 1);
  const limit = mean + deviations * Math.sqrt(variance);
  return list.flatMap((value, position) => (value > limit ? [position] : []));
}
