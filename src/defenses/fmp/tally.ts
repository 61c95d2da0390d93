import type { Answers } from './rank.js';
import type { Slice } from './slices.js';

/** How the whole network fares on the images that disturb a map. */
export interface Fate {
  /** Share of the images still classified correctly, 0..1. */
  readonly accuracy: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The largest share of the images of other classes that is taken for one class, 0..1. */
  readonly collapse: number;
  /** Images that it was seen on. After a race they may be fewer than there are: then the accuracy is a forecast for all of them. */
  readonly images: number;
}

/** Adds up what became of one map's images. */
export class Tally {
  readonly #strays: Float64Array;
  readonly #others: Float64Array;
  #images = 0;
  #hits = 0;
  #loss = 0;

  constructor(classes: number) {
    this.#strays = new Float64Array(classes);
    this.#others = new Float64Array(classes);
  }

  /** Images that the network was wrong on. */
  get wrong(): number {
    return this.#images - this.#hits;
  }

  /** Takes in one image: its class, what it was taken for, and its cross-entropy. */
  add(label: number, predicted: number, loss: number): void {
    this.#images++;
    this.#loss += loss;
    if (predicted === label) this.#hits++;
    else this.#strays[predicted]++;
    for (let other = 0; other < this.#others.length; other++) if (other !== label) this.#others[other]++;
  }

  /** Takes in what the network said of a map's images: the answers of the group's map number `map`. */
  addSlice({ labels, count }: Slice, { predicted, losses }: Answers, map: number): void {
    for (let i = 0; i < count; i++) this.add(labels[i], predicted[map * labels.length + i], losses[map * labels.length + i]);
  }

  fate(): Fate {
    // A class that all images belong to has no strays, and must not divide by zero.
    const collapse = this.#strays.reduce((most, strays, i) => Math.max(most, strays / Math.max(this.#others[i], 1)), 0);
    const images = this.#images;
    return { accuracy: this.#hits / images, loss: this.#loss / images, collapse, images };
  }
}
