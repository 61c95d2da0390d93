import type { Cell } from './cells.js';
import type { Outcome } from './outcome.js';

/** How many cells are in which state. */
export interface Tally {
  readonly done: number;
  readonly failed: number;
  /** Cells that need one that failed. */
  readonly blocked: number;
}

/** Which cells of a grid are done, have failed, can be begun, or never can. */
export class Ledger {
  readonly #open: Map<string, Cell>;
  readonly #failed = new Set<string>();
  readonly #blocked = new Set<string>();

  /** @param cells each behind those that it needs. */
  constructor(readonly cells: readonly Cell[]) {
    this.#open = new Map(cells.map((cell) => [cell.name, cell]));
  }

  /** Cells that are neither settled nor blocked, in order. */
  get open(): Cell[] {
    return [...this.#open.values()];
  }

  get settled(): number {
    return this.cells.length - this.#open.size;
  }

  /** Notes what became of a cell. Returns false where it is settled already. */
  settle({ name }: Cell, { status }: Outcome): boolean {
    if (!this.#open.delete(name)) return false;
    if (status === 'failed') this.#failed.add(name);
    return true;
  }

  /** Open cells whose needs are done. What needs a cell that failed is blocked from now on. */
  ready(): Cell[] {
    const out: Cell[] = [];
    for (const cell of this.open) {
      const needs = cell.needs?.name;
      if (needs === undefined) out.push(cell);
      else if (this.#failed.has(needs) || this.#blocked.has(needs)) {
        this.#open.delete(cell.name);
        this.#blocked.add(cell.name);
      } else if (!this.#open.has(needs)) out.push(cell);
    }
    return out;
  }

  tally(): Tally {
    const [failed, blocked] = [this.#failed.size, this.#blocked.size];
    return { done: this.settled - failed - blocked, failed, blocked };
  }
}
