import { z } from 'zod';
import { labelMapFrom } from '../attacks/label-map.js';
import { findAttack, triggerFrom } from '../attacks/registry.js';
import type { Backdoor } from '../attacks/triggered.js';
import { UserError } from '../core/errors.js';
import { type Result, readResult } from '../report/result.js';

/** A backdoor that was read from a file, and the attack as a new `result.json` records it. */
export interface StoredBackdoor {
  readonly backdoor: Backdoor;
  readonly record: NonNullable<Result['attack']>;
}

const bare = z.strictObject({ trigger: z.looseObject({ kind: z.string() }), labelMap: z.unknown() });

/**
 * Reads a backdoor: from a `result.json` with an attack in it, or from JSON `{ "trigger": …, "labelMap": … }`.
 * @param file its name, for messages.
 * @throws UserError when the file describes no backdoor.
 */
export function readBackdoor(text: string, file: string): StoredBackdoor {
  const stated = bareBackdoor(text) ?? readResult(text, file).attack;
  if (!stated?.trigger || !stated.labelMap) {
    throw new UserError(`${file} describes no backdoor; give the result.json that an attack wrote`);
  }
  try {
    const backdoor = { trigger: triggerFrom(stated.trigger), labelMap: labelMapFrom(stated.labelMap) };
    return { backdoor, record: 'method' in stated ? stated : recordOf(backdoor) };
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

/** Undefined where the text is anything else; then the reader of results says what is wrong with it. */
function bareBackdoor(text: string): z.infer<typeof bare> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return bare.safeParse(value).data;
}

function recordOf({ trigger, labelMap }: Backdoor): StoredBackdoor['record'] {
  const { name, title } = findAttack(trigger.description.kind);
  return { method: name, title, options: {}, trigger: { ...trigger.description }, labelMap };
}
