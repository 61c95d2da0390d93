import { type Global, Refusal, type Value } from './values.js';

interface Facts {
  /** Containers on the longest way down, itself included. */
  depth: number;
  /** How many values one meets who walks through it and everything in it, shared parts as often as they are met. */
  weight: number;
  /** Whether something else refers to it by now, so that it may no longer change. */
  sealed: boolean;
  /** What made it, if a global did. */
  readonly maker?: Global;
}

export interface Limits {
  /** Most containers there may be. */
  readonly containers: number;
  /** Most containers inside each other. */
  readonly depth: number;
  /** Most values that one value may stand for; bounds every later walk through it, however often parts are shared. */
  readonly weight: number;
}

/** A string's weight grows with its length, so that sharing a long one is no way around the limit. */
const LENGTH_OF_ONE = 8;

/**
 * Keeps the containers of a pickle from forming loops, and from being deeper or, walked through, larger than the limits.
 *
 * A container may change only until something else refers to it: until it was put into another container, or fetched again.
 * Then it can never be put into anything that it holds, as whatever it holds was complete before. What a pickler writes keeps
 * to this unless the object has a loop; and depth and weight are final when a container is put into another, so both are
 * known without ever walking.
 */
export class Ledger {
  readonly #facts = new Map<object, Facts>();
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Enters a new container that is still empty. */
  open<T extends object>(container: T): T {
    this.#enter(container);
    return container;
  }

  /** Enters what a global has made of its arguments. */
  made(result: Value, args: Value, maker: Global): void {
    if (!isContainer(result) || this.#facts.has(result)) return;
    this.#enter(result, maker);
    this.put(result, [args]);
  }

  /** Notes that values go into a container. Throws a {@link Refusal} when that is not allowed. */
  put(container: object, values: readonly Value[]): void {
    const facts = this.#facts.get(container);
    if (!facts || facts.sealed) throw new Refusal('it changes something that is in use already, as a loop would');
    for (const value of values) {
      const { depth, weight } = this.seal(value);
      facts.depth = Math.max(facts.depth, depth + 1);
      facts.weight += weight;
    }
    if (facts.depth > this.#limits.depth) throw new Refusal(`it nests values more than ${this.#limits.depth} deep`);
    if (facts.weight > this.#limits.weight)
      throw new Refusal(`it stands for more than ${this.#limits.weight} values, far more than it has bytes`);
  }

  /** Notes that something refers to a value now. */
  seal(value: Value): { readonly depth: number; readonly weight: number } {
    if (typeof value === 'string' || value instanceof Uint8Array) return { depth: 0, weight: 1 + Math.floor(value.length / LENGTH_OF_ONE) };
    const facts = isContainer(value) ? this.#facts.get(value) : undefined;
    if (!facts) return { depth: 0, weight: 1 };
    facts.sealed = true;
    return facts;
  }

  #enter(container: object, maker?: Global): void {
    if (this.#facts.size >= this.#limits.containers)
      throw new Refusal(`it makes more than ${this.#limits.containers} lists and dictionaries`);
    this.#facts.set(container, { depth: 1, weight: 1, sealed: false, maker });
  }

  makerOf(value: Value): Global | undefined {
    return isContainer(value) ? this.#facts.get(value)?.maker : undefined;
  }
}

function isContainer(value: Value): value is Value & object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
