import type { AttackContext } from '../attacks/attack.js';
import { Random } from '../core/random.js';
import type { Engine } from '../runtime/engine.js';

const refuse = () => {
  throw new Error('this was to work without an engine');
};

/** Stands where an engine has to be given but must not be used. */
export const noEngine: Engine = { device: 'cpu', threads: 1, compile: refuse, load: refuse, close: async () => {} };

/** What an attack without networks gets. */
export function attackContext(seed: number): AttackContext {
  return { engine: noEngine, random: new Random(seed) };
}
