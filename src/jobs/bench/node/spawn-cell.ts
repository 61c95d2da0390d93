import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Control } from '../../../core/progress.js';
import type { Done, FailureReason } from '../outcome.js';
import type { CellTask, FromChild, ToChild } from './protocol.js';

/** What became of a child process. */
export type Ending =
  | { readonly done: Done }
  | { readonly failed: { readonly reason: FailureReason; readonly message: string } }
  | 'interrupted';

export interface SpawnOptions extends Control {
  /** Seconds after which the child is killed; default: never. */
  readonly timeout?: number;
  /** File that the child runs; tests give their own. */
  readonly entry?: string;
}

/** Characters that are kept of what a child printed last. */
const TAIL = 4000;
/** Milliseconds that a child has to stop when it is asked to, or to go when it has told its outcome. */
const GRACE = 120_000;

/** Does a cell in a process of its own, so that a crash costs this cell and nothing else. */
export function spawnCell(task: CellTask, { timeout, entry, signal, progress, note }: SpawnOptions): Promise<Ending> {
  const file = entry ?? fileURLToPath(new URL('./child.js', import.meta.url));
  const child = fork(file, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  return new Promise((resolve) => {
    let ending: Ending | undefined;
    let timedOut = false;
    let printed = '';
    const timers: NodeJS.Timeout[] = [];
    const killLater = (milliseconds: number, before = () => {}) => {
      timers.push(
        setTimeout(() => {
          before();
          child.kill('SIGKILL');
        }, milliseconds),
      );
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-TAIL);
      });
    }
    const stop = () => {
      send(child, { stop: true });
      killLater(GRACE);
    };
    child.on('message', (message: FromChild) => {
      if ('progress' in message) progress?.(message.progress);
      else if ('note' in message) note?.(message.note);
      else {
        ending = 'interrupted' in message ? 'interrupted' : message;
        killLater(GRACE);
      }
    });
    child.on('error', (error) => {
      ending ??= { failed: { reason: 'crash', message: `the process could not be started: ${error.message}` } };
    });
    child.on('close', (code, killedBy) => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      if (ending) resolve(ending);
      else if (timedOut) resolve({ failed: { reason: 'timeout', message: `not finished after ${timeout} s` } });
      else if (signal?.aborted) resolve('interrupted');
      else resolve({ failed: explainExit(code, killedBy, printed) });
    });
    if (timeout !== undefined) {
      killLater(timeout * 1000, () => {
        timedOut = true;
      });
    }
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    else send(child, { do: task });
  });
}

function send(child: ChildProcess, message: ToChild): void {
  // A child that is gone by now is heard of by its end.
  if (child.connected) child.send(message, () => {});
}

/** Why a process ended that did not say so itself. */
export function explainExit(
  code: number | null,
  killedBy: string | null,
  printed: string,
): { readonly reason: FailureReason; readonly message: string } {
  if (/heap out of memory|bad_alloc|out of memory|Cannot allocate memory/i.test(printed)) {
    return { reason: 'out of memory', message: `the process ran out of memory; ${lastLine(printed)}` };
  }
  if (killedBy === 'SIGKILL') {
    return { reason: 'out of memory', message: 'the process was killed (SIGKILL), as systems do when memory runs out' };
  }
  const how = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
  return { reason: 'crash', message: `the process ${how}${printed.trim() ? `; ${lastLine(printed)}` : ''}` };
}

/** The last line that says something about an error, else the last one. */
function lastLine(printed: string): string {
  const lines = printed.split('\n').flatMap((line) => line.trim() || []);
  const telling = lines.filter((line) => /error|fatal|what\(\)/i.test(line));
  return `it printed: ${(telling[telling.length - 1] ?? lines[lines.length - 1] ?? 'nothing').slice(0, 300)}`;
}
