import { Locks } from '../jobs/bench/node/lock.js';
import { runQueue } from '../jobs/bench/node/queue/run-queue.js';
import type { QueueTimes } from '../jobs/bench/node/queue/times.js';
import { Store } from '../jobs/bench/node/store.js';
import { fakeCells } from './fake-cells.js';

// A process of its own that works on made-up cells, for tests that kill it: node queue-worker.js <WorkerOptions as JSON>.
// Prints a line for each cell that is settled.

export interface WorkerOptions {
  readonly queue: string;
  readonly store: string;
  readonly entry: string;
  readonly seeds: readonly number[];
  readonly times: QueueTimes;
}

const { store: folder, seeds, ...options } = JSON.parse(process.argv[2]) as WorkerOptions;
const store = new Store(folder);
await store.open();
const settled = ({ title }: { title: string }) => console.log(title);
const cells = await fakeCells(seeds);
console.log(
  JSON.stringify(await runQueue({ ...options, store, cells, jobs: 1, threads: 1, keepModels: false, locks: new Locks(), settled })),
);
