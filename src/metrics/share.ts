/** Share of positions, 0..1, at which both lists hold the same label. */
export function share(predicted: Int32Array, wanted: Int32Array): number {
  let hits = 0;
  for (let i = 0; i < predicted.length; i++) if (predicted[i] === wanted[i]) hits++;
  return hits / predicted.length;
}
