import { parseDocument } from 'yaml';
import { UserError } from '../../../core/errors.js';
import { readFileBounded } from '../../../runtime/node/files.js';
import { type Grid, readGrid } from '../grid.js';

/** A grid is a few kilobytes long. */
const LIMIT = 2 ** 20;

/**
 * Reads a grid from a YAML file.
 * @throws UserError when the file is missing, too large, no YAML, or not a grid.
 */
export async function loadGrid(path: string): Promise<Grid> {
  const document = parseDocument(new TextDecoder().decode(await readFileBounded(path, LIMIT)), { logLevel: 'error' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new UserError(`${path} is not proper YAML: ${problem.message.split('\n')[0].replace(/:$/, '')}; correct it`);
  let value: unknown;
  try {
    // Nested aliases can blow up a small file to any size; a few spare repetition.
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new UserError(`${path} uses too many YAML aliases; write values out`);
  }
  return readGrid(value, path);
}
