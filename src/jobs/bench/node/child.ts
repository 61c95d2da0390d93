import { Interrupted, UserError } from '../../../core/errors.js';
import type { FromChild, ToChild } from './protocol.js';
import { runCell } from './run-cell.js';

const stopping = new AbortController();
/** Milliseconds between two progress messages. */
const EVERY = 200;
let told = 0;

const tell = (message: FromChild) => new Promise<void>((resolve) => (process.send ? process.send(message, () => resolve()) : resolve()));

// Ctrl-C reaches the whole group of processes; the parent decides what becomes of it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// A parent that was killed leaves nobody to tell, and its lock goes to somebody else.
process.on('disconnect', () => process.exit(1));
process.on('message', (message: ToChild) => {
  if ('stop' in message) stopping.abort();
  else void work(message.do);
});

async function work(task: Extract<ToChild, { do: unknown }>['do']): Promise<void> {
  try {
    const done = await runCell(task, {
      signal: stopping.signal,
      note: (note) => void tell({ note }),
      progress: (progress) => {
        if (progress.done < progress.total && performance.now() - told < EVERY) return;
        told = performance.now();
        void tell({ progress });
      },
    });
    await tell({ done });
  } catch (error) {
    await tell(explained(error));
  }
  process.disconnect();
}

function explained(error: unknown): FromChild {
  if (error instanceof Interrupted) return { interrupted: true };
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 1000);
  if (error instanceof UserError) return { failed: { reason: 'refused', message } };
  const memory = error instanceof RangeError && /allocation|array length|invalid typed array/i.test(message);
  const exhausted = memory || /bad_alloc|bad allocation|out of memory|failed to allocate/i.test(message);
  return { failed: { reason: exhausted ? 'out of memory' : 'error', message } };
}
