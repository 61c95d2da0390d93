import { findNamed } from '../core/lookup.js';
import { anp } from './anp.js';
import { bnp } from './bnp.js';
import { clp } from './clp.js';
import type { Defense } from './defense.js';
import { fmp } from './fmp/index.js';
import { fp } from './fp.js';
import { ft } from './ft.js';
import { ftSam } from './ft-sam.js';
import { iBau } from './i-bau.js';
import { nad } from './nad.js';
import { nc } from './nc.js';

/** Every defence. A new one is one file and one line here. */
export const defenses: readonly Defense[] = [fmp, ft, ftSam, fp, nad, nc, anp, iBau, clp, bnp];

/** @throws UserError with a suggestion when there is no defence of that name. */
export function findDefense(name: string): Defense {
  return findNamed(defenses, name, 'defence');
}
