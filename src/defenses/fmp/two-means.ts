/**
 * Splits numbers into two clusters so that the squares of the distances to their means add up to the least (2-means; in one dimension
 * the best split of the sorted numbers is found by trying all), and gives the higher one.
 * @returns positions, ascending; none where all numbers are equal.
 */
export function higherCluster(values: ArrayLike<number>): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b] || a - b);
  const total = order.reduce((sum, i) => sum + values[i], 0);
  let best = { gain: 0, size: values.length };
  let lower = 0;
  for (let size = 1; size < order.length; size++) {
    lower += values[order[size - 1]];
    // The sum of squares falls by n1 n2 / n (m1 - m2)² when n numbers are split into n1 and n2 with means m1 and m2. Equal numbers
    // are not torn apart.
    const rest = order.length - size;
    const gain = ((size * rest) / order.length) * (lower / size - (total - lower) / rest) ** 2;
    if (gain > best.gain && values[order[size]] > values[order[size - 1]]) best = { gain, size };
  }
  return order.slice(best.size).sort((a, b) => a - b);
}
