import { renderRun } from '../../jobs/node/run-folder.js';
import type { Command } from '../command.js';

/** `report FOLDER`: draws the report of an earlier run anew. */
export const reportCommand: Command = {
  name: 'report',
  summary: 'Draw report.html anew from the result.json and pictures.json in a folder.',
  operands: ['FOLDER'],
  groups: [],
  async run({ operands: [folder] }, { output }) {
    const report = await renderRun(folder);
    output.result({ files: [report] }, `Report: ${report}`);
  },
};
