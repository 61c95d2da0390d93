import { UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import type { Meter } from './meter.js';
import type { FuzzTarget } from './targets.js';

/** Longest computing time for a file, in milliseconds; the clock on the wall would count what else the machine does. */
const PATIENCE = 1000;
/** Bytes that any refused file may take beyond twice its size: tables, the reader's own small arrays. */
const SLACK = 32 * 1024;
/** A file that is accepted may be widened, reordered and inflated. */
const ACCEPTED = 64 * 1024 * 1024;

/** What one target came to. */
export interface FuzzResult {
  readonly accepted: number;
  readonly refused: number;
  /** Longest computing time for a file, in milliseconds. */
  readonly slowest: number;
  /** Most bytes that a refused file took, relative to its size, among those of at least 1 KiB. */
  readonly largest: number;
  /** What went wrong, with the file in base64. */
  readonly failures: readonly string[];
}

/**
 * Tries a parser with many damaged files: each must be read or refused with a {@link UserError} of one line, soon, and without
 * taking much more memory than the file has bytes.
 */
export async function fuzz(target: FuzzTarget, count: number, seed: number, meter: Meter, patience = PATIENCE): Promise<FuzzResult> {
  const random = new Random(seed).fork('fuzz', target.name);
  const failures: string[] = [];
  let [accepted, refused, slowest, largest] = [0, 0, 0, 0];
  for (let i = 0; i < count && failures.length < 3; i++) {
    const bytes = target.make(random.fork(i));
    const fail = (what: string) =>
      failures.push(`${target.name}, file ${i}: ${what}\n  ${Buffer.from(bytes).toString('base64').slice(0, 4000)}`);
    let wasRefused = false;
    meter.reset();
    const started = process.cpuUsage();
    try {
      await target.run(bytes);
    } catch (error) {
      wasRefused = true;
      if (!(error instanceof UserError)) fail((error as Error).stack ?? String(error));
      else if (/[\n\r]/.test(error.message)) fail(`message of several lines: ${error.message}`);
    }
    const taken = meter.bytes;
    const { user, system } = process.cpuUsage(started);
    const time = (user + system) / 1000;
    if (time > patience) fail(`took ${Math.round(time)} ms`);
    if (taken > 2 * bytes.length + (wasRefused ? (target.slack ?? SLACK) : ACCEPTED)) fail(`took ${taken} bytes for ${bytes.length}`);
    if (wasRefused) refused++;
    else accepted++;
    slowest = Math.max(slowest, time);
    if (wasRefused && bytes.length >= 1024) largest = Math.max(largest, taken / bytes.length);
  }
  return { accepted, refused, slowest, largest, failures };
}
