import { findNamed } from '../../core/lookup.js';
import type { DataSource } from '../source.js';
import { cifar10 } from './cifar10.js';
import { cifar100 } from './cifar100.js';
import { fashionMnist } from './fashion-mnist.js';
import { gtsrb } from './gtsrb.js';
import { mnist } from './mnist.js';
import { tinyImageNet } from './tiny-imagenet.js';

/** Every data set that can be loaded by name. A new one is a file of its own and a line here. */
export const dataSources: readonly DataSource[] = [mnist, fashionMnist, cifar10, cifar100, gtsrb, tinyImageNet];

/**
 * The data set with the given name.
 * @throws UserError when there is none, with a suggestion.
 */
export function findDataSource(name: string): DataSource {
  return findNamed(dataSources, name, 'data set');
}
