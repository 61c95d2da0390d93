import { dirname, join } from 'node:path';
import { readFileBounded } from '../../runtime/node/files.js';
import { readBackdoor, type StoredBackdoor, TRIGGER_TENSORS } from '../backdoor-file.js';
import { readText } from './run-folder.js';

/** More than the networks of any trigger take. */
const LIMIT = 2 ** 28;

/**
 * Reads a backdoor from a file; see {@link readBackdoor}.
 * @throws UserError when the file is missing or describes no backdoor.
 */
export async function loadBackdoor(path: string): Promise<StoredBackdoor> {
  return readBackdoor(await readText(path), path, () => readFileBounded(join(dirname(path), TRIGGER_TENSORS), LIMIT));
}
