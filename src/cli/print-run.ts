import type { Result } from '../report/result.js';
import { summaryTable } from '../report/summary-table.js';
import type { Output } from './output/output.js';

/** Prints what a run came to: the scores as a table, and where the files are. */
export function printRun(output: Output, { result, files }: { readonly result: Result; readonly files: readonly string[] }): void {
  const text = [summaryTable(result), files.map((file) => `  ${file}`).join('\n')].filter(Boolean).join('\n\n');
  output.result({ result, files }, text);
}
