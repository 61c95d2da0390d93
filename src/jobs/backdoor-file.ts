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
  const record = bareRecord(text) ?? readResult(text, file).attack;
  if (!record?.trigger || !record.labelMap) {
    throw new UserError(`${file} describes no backdoor; give the result.json that an attack wrote`);
  }
  try {
    return { backdoor: { trigger: triggerFrom(record.trigger), labelMap: labelMapFrom(record.labelMap) }, record };
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

/** Undefined where the text is anything else; then the reader of results says what is wrong with it. */
function bareRecord(text: string): StoredBackdoor['record'] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = bare.safeParse(value);
  if (!parsed.success) return undefined;
  const { trigger, labelMap } = parsed.data;
  const { name, title } = findAttack(trigger.kind);
  return { method: name, title, options: {}, trigger, labelMap: labelMapFrom(labelMap) };
}
