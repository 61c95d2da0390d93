import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { readUntrusted } from '../core/untrusted.js';
import type { LabelMap } from './attack.js';

const schema: z.ZodType<LabelMap> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all-to-one'), target: z.int().min(0) }),
  z.strictObject({ kind: z.literal('all-to-all'), shift: z.int().min(1) }),
]);

/**
 * Checks that the map makes sense for K classes.
 * @throws UserError when the target is no label, or the shift maps every label to itself.
 */
export function checkLabelMap(map: LabelMap, classes: number): void {
  if (map.kind === 'all-to-one') {
    if (map.target >= 0 && map.target < classes && Number.isInteger(map.target)) return;
    throw new UserError(`target label ${map.target} is out of range; with ${classes} classes choose 0 to ${classes - 1}`);
  }
  if (Number.isInteger(map.shift) && map.shift % classes !== 0) return;
  throw new UserError(`a label shift of ${map.shift} changes no label; with ${classes} classes choose 1 to ${classes - 1}`);
}

/** The label that an image of class `label` gets when it is poisoned. */
export function attackedLabel(label: number, map: LabelMap, classes: number): number {
  return map.kind === 'all-to-one' ? map.target : (label + map.shift) % classes;
}

/** Reads a label map from JSON. Throws UserError when it is none. */
export function labelMapFrom(description: unknown): LabelMap {
  return readUntrusted(schema, description, 'the label map');
}
