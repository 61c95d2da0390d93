import { percent } from './format.js';
import { scoredModels } from './models.js';
import type { Result } from './result.js';

/**
 * The scores as plain text for a terminal: a line for each model, columns ACC, ASR and RA in percent.
 * Ends without a line break; empty when the result has no scores.
 */
export function summaryTable(result: Result): string {
  const models = scoredModels(result);
  if (models.length === 0) return '';
  const share = (value: number | undefined) => (value === undefined ? '–' : percent(value).replace('\u00a0', ' '));
  const rows = models.map(({ title, scores }) => [title, share(scores.acc), share(scores.asr), share(scores.ra)]);
  const table = [['', 'ACC', 'ASR', 'RA'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: string[]) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return table.map(line).join('\n');
}
