import type { Control } from '../../core/progress.js';
import { findDataSource } from '../../data/node/registry.js';
import type { DatasetParts } from '../../data/source.js';
import { type DataOptions, limitImages } from '../data-options.js';

/**
 * Loads a data set and cuts it down where the options ask for it.
 * @throws UserError when there is no such data set, or its files are missing, damaged or not the published ones.
 */
export async function loadData(options: DataOptions, seed: number, { signal }: Control = {}): Promise<DatasetParts> {
  const { data, from } = options;
  return limitImages(await findDataSource(data).load({ from, signal }), options, seed);
}
