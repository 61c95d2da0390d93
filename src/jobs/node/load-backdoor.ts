import { readBackdoor, type StoredBackdoor } from '../backdoor-file.js';
import { readText } from './run-folder.js';

/**
 * Reads a backdoor from a file; see {@link readBackdoor}.
 * @throws UserError when the file is missing or describes no backdoor.
 */
export async function loadBackdoor(path: string): Promise<StoredBackdoor> {
  return readBackdoor(await readText(path), path);
}
