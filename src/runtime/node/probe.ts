import type { Device } from '../engine.js';
import { timeMatMul } from './time-matmul.js';
import { WorkerEngine } from './worker-engine.js';

// A process of its own, started by listDevices: a driver that prints or crashes then harms nothing.

const [device, threads] = process.argv.slice(2);
const engine = new WorkerEngine(device as Device, Number(threads));
try {
  process.send?.({ device, milliseconds: await timeMatMul(engine, 1024) });
} catch (error) {
  process.send?.({ device, problem: (error as Error).message });
}
await engine.close();
process.disconnect();
