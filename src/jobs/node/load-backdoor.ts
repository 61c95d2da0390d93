import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Classifier } from '../../nn/classifier.js';
import { readFileBounded } from '../../runtime/node/files.js';
import { readBackdoor, type StoredBackdoor, TRIGGER_TENSORS } from '../backdoor-file.js';
import { givenTrigger } from './given-trigger.js';
import { readText } from './run-folder.js';
import { isZooReference, loadZooBackdoor } from './zoo.js';

/** More than the networks of any trigger take. */
const LIMIT = 2 ** 28;

/** What is known of a backdoor, to measure by. */
export interface KnownBackdoor {
  /** JSON file that describes the backdoor, or `zoo:NAME`; default: that of a model of the zoo. */
  readonly backdoor?: string;
  /** In place of it, what the trigger looks like; see {@link givenTrigger}. */
  readonly trigger?: string;
  /** Class that `trigger` leads to, from 0. */
  readonly trigger_target?: number;
}

/** A model's file or name, and what was said of a backdoor in it. */
interface Suspected extends KnownBackdoor {
  readonly model: string;
}

/**
 * The backdoor to measure a model by: the one that was given, or else that of a model of the zoo.
 * @param classifier the model itself, to whose images and classes a given trigger must fit.
 * @throws UserError when the file describes no backdoor, or a trigger was given without its target or beside a file.
 */
export async function loadBackdoorFor(
  { model, backdoor, trigger, trigger_target }: Suspected,
  classifier: Pick<Classifier, 'imageShape' | 'classes'>,
): Promise<StoredBackdoor | undefined> {
  if (trigger !== undefined || trigger_target !== undefined) {
    if (trigger === undefined || trigger_target === undefined) {
      throw new UserError('--trigger and --trigger-target belong together; give both or neither');
    }
    if (backdoor !== undefined) throw new UserError('--backdoor holds a trigger already; leave out --trigger and --trigger-target');
    return givenTrigger(trigger, trigger_target, classifier);
  }
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
