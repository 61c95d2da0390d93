import type { Poisoned, Trigger } from '../attacks/attack.js';
import { attackedLabel } from '../attacks/label-map.js';
import type { Random } from '../core/random.js';
import { type Dataset, imageAt, sizeOfDataset, subset } from '../data/dataset.js';
import { encodePng } from '../data/picture.js';
import type { Engine } from '../runtime/engine.js';

/** A poisoned training image as a file. */
export interface PoisonedPicture {
  /** `000123-5-to-0.png`: position in the training set, true label, and label that it got. */
  readonly name: string;
  readonly png: Uint8Array;
}

/** What {@link PoisonedPicture.name} looks like. */
export const poisonedPictureName = /^\d{6,}-\d+-to-\d+\.png$/;

/**
 * Some of the poisoned training images, drawn at random; of an attack that poisons every batch anew, training images with
 * the trigger. None where images are neither grey nor red-green-blue.
 * @param trigger as it is in the end.
 */
export async function poisonedPictures(
  train: Dataset,
  poisoned: Poisoned,
  trigger: Trigger,
  { engine, random, count }: { engine: Engine; random: Random; count: number },
): Promise<PoisonedPicture[]> {
  if (![1, 3].includes(train.imageShape[0])) return [];
  const candidates = poisoned.kind === 'data' ? poisoned.indices : Int32Array.from({ length: sizeOfDataset(train) }, (_, i) => i);
  const order = random.permutation(candidates.length).subarray(0, count);
  const drawn = order.map((position) => candidates[position]).sort();
  const images =
    poisoned.kind === 'data' ? subset(poisoned.train, drawn, 'drawn') : await triggered(subset(train, drawn, 'drawn'), trigger, engine);
  const [channels, height, width] = train.imageShape;
  const pictures = Array.from(drawn, async (index, i) => {
    const label = train.labels[index];
    const given = attackedLabel(label, poisoned.labelMap, train.classes.length);
    const name = `${String(index).padStart(6, '0')}-${label}-to-${given}.png`;
    return { name, png: await encodePng({ channels, height, width, pixels: imageAt(images, i) }) };
  });
  return Promise.all(pictures);
}

async function triggered(dataset: Dataset, trigger: Trigger, engine: Engine): Promise<Dataset> {
  return dataset.labels.length === 0 ? dataset : { ...dataset, images: await trigger.apply(dataset.images, engine) };
}
