import { findNamed } from '../../core/lookup.js';
import { additive } from './families/additive.js';
import { blend } from './families/blend.js';
import { patch } from './families/patch.js';
import { tone } from './families/tone.js';
import { warp } from './families/warp.js';
import type { TriggerFamily } from './family.js';

/** Every family of pseudo-triggers. A new one is one file and one line here. */
export const triggerFamilies: readonly TriggerFamily[] = [patch, additive, blend, warp, tone];

/** Those that are searched for unless others are asked for. */
export const usualFamilies: readonly string[] = ['patch', 'additive', 'blend', 'warp'];

/** @throws UserError with a suggestion when there is no family of that name. */
export function findTriggerFamily(name: string): TriggerFamily {
  return findNamed(triggerFamilies, name, 'family of triggers');
}
