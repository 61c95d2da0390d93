import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { readFileBounded } from '../../runtime/node/files.js';
import { readBackdoor, type StoredBackdoor, TRIGGER_TENSORS } from '../backdoor-file.js';
import { readText } from './run-folder.js';
import { isZooReference, loadZooBackdoor } from './zoo.js';

/** More than the networks of any trigger take. */
const LIMIT = 2 ** 28;

/** A model, and what was said of a backdoor in it. */
interface Suspected {
  readonly model: string;
  readonly backdoor?: string;
}

/** The backdoor to measure a model by: the one that was given, or else that of a model of the zoo. */
export async function loadBackdoorFor({ model, backdoor }: Suspected): Promise<StoredBackdoor | undefined> {
  if (backdoor !== undefined) return loadBackdoor(backdoor);
  return isZooReference(model) ? loadZooBackdoor(model) : undefined;
}

/**
 * Reads a backdoor from a file, see {@link readBackdoor}, or from the zoo.
 * @param path of the file, or `zoo:NAME`.
 * @throws UserError when the file is missing or describes no backdoor.
 */
export async function loadBackdoor(path: string): Promise<StoredBackdoor> {
  if (isZooReference(path)) {
    const stored = await loadZooBackdoor(path);
    if (!stored) throw new UserError(`${path} is a clean model; give one with a backdoor`);
    return stored;
  }
  return readBackdoor(await readText(path), path, () => readFileBounded(join(dirname(path), TRIGGER_TENSORS), LIMIT));
}
