import type { Control } from '../../core/progress.js';
import { openData } from '../../data/node/open-source.js';
import type { DatasetParts } from '../../data/source.js';
import { type DataOptions, limitImages } from '../data-options.js';

/**
 * Loads a data set and cuts it down where the options ask for it.
 * @throws UserError when there is no such data set, or its files are missing, damaged or not the published ones.
 */
export async function loadData(options: DataOptions, seed: number, control: Control = {}): Promise<DatasetParts> {
  const { data, from, image_size: imageSize } = options;
  return limitImages(await openData(data, { ...control, from, imageSize }), options, seed);
}
