import { z } from 'zod';
import { labelMapFrom } from '../attacks/label-map.js';
import { findAttack, triggerFrom } from '../attacks/registry.js';
import type { Backdoor } from '../attacks/triggered.js';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { readSafetensors, widenHalves } from '../formats/safetensors.js';
import { type Result, readResult } from '../report/result.js';
import type { Tensors } from '../runtime/engine.js';

/** A backdoor that was read from a file, and the attack as a new `result.json` records it. */
export interface StoredBackdoor {
  readonly backdoor: Backdoor;
  readonly record: NonNullable<Result['attack']>;
}

const bare = z.strictObject({
  trigger: z.looseObject({ kind: z.string() }),
  labelMap: z.unknown(),
  triggerTensors: z.string().optional(),
});

/** File that holds the parameters of networks that make a trigger, beside the one that describes it. */
export const TRIGGER_TENSORS = 'trigger.safetensors';

/**
 * Reads a backdoor: from a `result.json` with an attack in it, or from JSON `{ "trigger": …, "labelMap": … }`.
 * @param file its name, for messages.
 * @param readTensors reads the file {@link TRIGGER_TENSORS} beside it; asked for only where the description names its checksum.
 * @throws UserError when the file describes no backdoor.
 */
export async function readBackdoor(
  text: string,
  file: string,
  readTensors: () => Promise<Uint8Array> = () => Promise.reject(new UserError('its parameters are in another file, which was not given')),
): Promise<StoredBackdoor> {
  const stated = bareBackdoor(text) ?? readResult(text, file).attack;
  if (!stated?.trigger || !stated.labelMap) {
    throw new UserError(`${file} describes no backdoor; give the result.json that an attack wrote`);
  }
  try {
    const tensors = stated.triggerTensors === undefined ? undefined : await tensorsFrom(await readTensors(), stated.triggerTensors);
    const backdoor = { trigger: triggerFrom(stated.trigger, tensors), labelMap: labelMapFrom(stated.labelMap) };
    return { backdoor, record: 'method' in stated ? stated : recordOf(backdoor) };
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${file}: ${error.message}`) : error;
  }
}

async function tensorsFrom(bytes: Uint8Array, checksum: string): Promise<Tensors> {
  if ((await sha256(Uint8Array.from(bytes))) !== checksum) {
    throw new UserError(`${TRIGGER_TENSORS} beside it is not the file that was written with it; copy both from the same run`);
  }
  return Object.fromEntries(widenHalves(readSafetensors(bytes, TRIGGER_TENSORS)).tensors);
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
