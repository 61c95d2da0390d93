/** The process as far as signals go. */
export type Signals = Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;

/** What shells report of a program that was stopped by Ctrl-C. */
export const INTERRUPTED = 130;

/**
 * Turns the first Ctrl-C (or SIGTERM) into an abort, which work heeds at its next safe point; the second ends the process
 * at once.
 * @param say told of the first one.
 * @returns the signal for the work, and a function that lets go of the process.
 */
export function onInterrupt(signals: Signals, say: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) signals.exit(INTERRUPTED);
    controller.abort();
    say();
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) signals.on(name, handle);
  return {
    signal: controller.signal,
    release() {
      for (const name of names) signals.off(name, handle);
    },
  };
}
