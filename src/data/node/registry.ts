import { findNamed } from '../../core/lookup.js';
import type { DataSource } from '../source.js';
import { cifar10 } from './cifar10.js';
import { gtsrb } from './gtsrb.js';
import { mnist } from './mnist.js';

/** Every data set that can be loaded by name. A new one is a file of its own and a line here. */
export const dataSources: readonly DataSource[] = [mnist, cifar10, gtsrb];

/**
 * The data set with the given name.
 * @throws UserError when there is none, with a suggestion.
 */
export function findDataSource(name: string): DataSource {
  return findNamed(dataSources, name, 'data set');
}
