import type { ProgressEvent } from '../../core/progress.js';

/** How fast a phase goes, from the first event on: what was there before, such as resumed epochs, does not count. */
export class Pace {
  #phase: string | undefined;
  #started = 0;
  #first = 0;

  /**
   * Takes an event in.
   * @param now milliseconds on any clock.
   * @returns units per second and seconds left; undefined while there is nothing to tell from.
   */
  note({ phase, done, total, secondsLeft }: ProgressEvent, now: number): { rate: number; left: number } | undefined {
    if (phase !== this.#phase || done < this.#first) {
      this.#phase = phase;
      this.#started = now;
      this.#first = done;
    }
    const seconds = (now - this.#started) / 1000;
    if (seconds <= 0 || done <= this.#first) return undefined;
    const rate = (done - this.#first) / seconds;
    return { rate, left: secondsLeft ?? (total - done) / rate };
  }
}
