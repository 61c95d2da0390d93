import type { ProgressEvent } from '../../core/progress.js';
import type { Output, Sink } from './output.js';
import { Pace } from './pace.js';
import { inWords } from './words.js';

/** Milliseconds between two lines of one phase, where there is no terminal to redraw. */
const LINE_EVERY = 5000;
/** Milliseconds between two states of the bar. */
const BAR_EVERY = 100;
/** Columns that the bar takes of a wide terminal and of a narrow one. */
const BAR = { wide: 24, narrow: 10 };
const WIDE = 100;
const CLEAR_LINE = '\r\u001b[K';

/**
 * Output for people: the result on `out`; progress and remarks on `log`, as a bar where it is a terminal, else as plain
 * lines, one every few seconds and one at the end of each phase.
 * @param clock milliseconds; tests give their own.
 */
export function textOutput(out: Sink, log: Sink, clock: () => number = () => performance.now()): Output {
  const pace = new Pace();
  let drawn = Number.NEGATIVE_INFINITY;
  let phase: string | undefined;
  let open = false;

  const end = () => {
    if (open) log.write('\n');
    open = false;
  };
  const draw = (event: ProgressEvent, words: string) => {
    if (!log.isTTY) {
      log.write(`${event.phase}: ${words}\n`);
      return;
    }
    // One column stays free, as terminals differ in what they do at the last one.
    const columns = log.columns ?? 80;
    const line = `${bar(event.done / event.total, columns >= WIDE ? BAR.wide : BAR.narrow)} ${event.phase}: ${words}`.slice(0, columns - 1);
    log.write(CLEAR_LINE + line);
    open = true;
  };

  return {
    progress(event) {
      const now = clock();
      const speed = pace.note(event, now);
      const fresh = event.phase !== phase;
      const finished = event.done >= event.total;
      if (fresh) end();
      phase = event.phase;
      if (!fresh && !finished && now - drawn < (log.isTTY ? BAR_EVERY : LINE_EVERY)) return;
      drawn = now;
      draw(event, inWords(event, speed));
      if (finished) end();
    },
    note(line) {
      end();
      log.write(`${line}\n`);
    },
    result(_value, text) {
      end();
      if (text !== '') out.write(`${text}\n`);
    },
    failed: end,
    end,
  };
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
