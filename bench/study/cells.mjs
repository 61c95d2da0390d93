// Results of a study, one JSON object a line, so that a run that was killed goes on where it was.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Cells in a file, each under a key. A last line that was cut off by a kill is left out and computed again. */
export class Cells {
  #path;
  #cells = new Map();

  constructor(path) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8');
    for (const line of text.split('\n').filter((line) => line.endsWith('}'))) {
      const cell = JSON.parse(line);
      this.#cells.set(cell.key, cell);
    }
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
  }

  has(key) {
    return this.#cells.has(key);
  }

  get(key) {
    return this.#cells.get(key);
  }

  all() {
    return [...this.#cells.values()];
  }

  add(key, values) {
    const cell = { key, ...values };
    this.#cells.set(key, cell);
    appendFileSync(this.#path, `${JSON.stringify(cell)}\n`);
    return cell;
  }
}
