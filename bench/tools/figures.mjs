// Medians, spreads and tables for benchmarks.

/** Median, lowest and highest of some seconds. */
export function spread(seconds) {
  const sorted = [...seconds].sort((a, b) => a - b);
  return { median: median(sorted), lowest: sorted[0], highest: sorted.at(-1), rounds: sorted.length };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** `0.412 (0.398 to 0.431) s`. */
export const seconds = ({ median, lowest, highest }) =>
  `${median.toPrecision(3)} (${lowest.toPrecision(3)} to ${highest.toPrecision(3)}) s`;

/** A Markdown table. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
