import { findNamed } from '../core/lookup.js';
import type { Detector } from './detector.js';
import { mapCollapse } from './map-collapse.js';
import { neuralCleanse } from './neural-cleanse.js';

/** Every detector. A new one is one file and one line here. */
export const detectors: readonly Detector[] = [neuralCleanse, mapCollapse];

/** @throws UserError with a suggestion when there is no detector of that name. */
export function findDetector(name: string): Detector {
  return findNamed(detectors, name, 'detector');
}
