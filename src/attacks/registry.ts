import { z } from 'zod';
import { findNamed } from '../core/lookup.js';
import { readUntrusted } from '../core/untrusted.js';
import type { Tensors } from '../runtime/engine.js';
import type { Attack, Trigger } from './attack.js';
import { badnets } from './badnets.js';
import { blended } from './blended/index.js';
import { bpp } from './bpp/index.js';
import { ftrojan } from './ftrojan/index.js';
import { inputAware } from './input-aware/index.js';
import { lc } from './lc/index.js';
import { lf } from './lf/index.js';
import { sig } from './sig.js';
import { ssba } from './ssba/index.js';
import { trojannn } from './trojannn/index.js';
import { wanet } from './wanet/index.js';

/** Every attack. A new one is a file of its own and a line here. */
export const attacks: readonly Attack[] = [badnets, blended, sig, ftrojan, lf, ssba, trojannn, lc, wanet, inputAware, bpp];

/**
 * The attack with the given name.
 * @throws UserError when there is none, with a suggestion.
 */
export function findAttack(name: string): Attack {
  return findNamed(attacks, name, 'attack');
}

/**
 * Makes a trigger again from {@link Trigger.description}, as parsed from JSON that anyone may have written.
 * @param tensors {@link Trigger.tensors}, of a trigger that has some.
 * @throws UserError when the description names no attack or does not hold what that attack's trigger needs.
 */
export function triggerFrom(description: unknown, tensors?: Tensors): Trigger {
  const { kind } = readUntrusted(z.looseObject({ kind: z.string() }), description, 'the trigger');
  return findAttack(kind).restoreTrigger(description, tensors);
}
