import { findNamed } from '../../../core/lookup.js';
import { accuracy } from './accuracy.js';
import { collapse } from './collapse.js';
import { random } from './random.js';
import { response } from './response.js';
import type { Strategy } from './strategy.js';
import { universal } from './universal.js';

/** Every ranking of feature maps, the default first. A new one is one file and one line here. */
export const strategies: readonly Strategy[] = [response, accuracy, collapse, universal, random];

/** @throws UserError with a suggestion when there is no ranking of that name. */
export function findStrategy(name: string): Strategy {
  return findNamed(strategies, name, 'ranking');
}
