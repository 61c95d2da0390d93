import { z } from 'zod';
import type { AttackContext } from '../../attacks/attack.js';
import { readGivenPicture } from '../../attacks/given-picture.js';
import { checkLabelMap } from '../../attacks/label-map.js';
import { overlayTrigger } from '../../attacks/overlay.js';
import { patchOptions, patchTrigger } from '../../attacks/patch.js';
import { findAttack } from '../../attacks/registry.js';
import type { StaticTrigger } from '../../attacks/static-trigger.js';
import type { ImageShape } from '../../attacks/stored.js';
import { UserError } from '../../core/errors.js';
import { readImage } from '../../data/node/read-image.js';
import type { Classifier } from '../../nn/classifier.js';
import type { StoredBackdoor } from '../backdoor-file.js';

/** Patches and pictures are triggers of this attack. */
const ATTACK = 'badnets';
const PATCH = 'patch:';
const position = patchOptions.patch_position.unwrap();
const pattern = patchOptions.pattern.unwrap();
const FORM = `write ${PATCH}SIZE, and after it, with commas, ${pattern.options.join(' or ')} and one of ${position.options.join(', ')}`;

/**
 * A backdoor that is known by what its trigger looks like.
 * @param text picture file, see {@link readGivenPicture}, of which all that is not black overwrites the image; or
 *   `patch:SIZE[,PATTERN][,POSITION]`, a square of SIZE pixels: `patch:5`, `patch:3,grid,top-left`. Default: solid, white, bottom-right.
 * @param target class that the trigger leads to.
 * @throws UserError when the text is no such trigger, the picture cannot be read, or one of them does not fit the model.
 */
export async function givenTrigger(
  text: string,
  target: number,
  { imageShape, classes }: Pick<Classifier, 'imageShape' | 'classes'>,
  read: NonNullable<AttackContext['readImage']> = readImage,
): Promise<StoredBackdoor> {
  const labelMap = { kind: 'all-to-one', target } as const;
  checkLabelMap(labelMap, classes);
  const trigger = text.startsWith(PATCH)
    ? patchFrom(text, imageShape)
    : overlayTrigger(ATTACK, await readGivenPicture({ readImage: read }, text, imageShape, 'sharp'), imageShape);
  const { name, title } = findAttack(ATTACK);
  return { backdoor: { trigger, labelMap }, record: { method: name, title, options: {}, trigger: { ...trigger.description }, labelMap } };
}

function patchFrom(text: string, imageShape: ImageShape): StaticTrigger {
  const [size, ...words] = text.slice(PATCH.length).split(',');
  const given: { patch_position?: z.infer<typeof position>; pattern?: z.infer<typeof pattern> } = {};
  for (const word of words) {
    const [place, look] = [position.safeParse(word), pattern.safeParse(word)];
    if (place.success && given.patch_position === undefined) given.patch_position = place.data;
    else if (look.success && given.pattern === undefined) given.pattern = look.data;
    else throw new UserError(`--trigger '${text}': '${word}' is unknown or one too many; ${FORM}`);
  }
  const side = patchOptions.patch_size.unwrap().safeParse(/^\d+$/.test(size) ? Number(size) : undefined);
  if (!side.success) throw new UserError(`--trigger '${text}': '${size}' is no number of pixels from 1; ${FORM}`);
  const patch = z.object(patchOptions).parse({ ...given, patch_size: side.data });
  return patchTrigger(ATTACK, { ...patch, imageShape: [...imageShape] });
}
