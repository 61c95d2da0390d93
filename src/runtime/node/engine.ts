import { availableParallelism } from 'node:os';
import { UserError } from '../../core/errors.js';
import type { Device, Engine } from '../engine.js';
import { fastestDevice, hasCudaLibrary } from './devices.js';
import { timeMatMul } from './time-matmul.js';
import { WorkerEngine } from './worker-engine.js';

export interface EngineOptions {
  /** Default `auto`: the device that multiplies two matrices fastest. */
  readonly device?: Device | 'auto';
  /** CPU threads; default: as many as the machine offers. */
  readonly threads?: number;
}

/** Starts ONNX Runtime in a thread of its own. Close it when done, or the process stays alive. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const threads = options.threads ?? availableParallelism();
  const device = options.device ?? 'auto';
  if (device === 'auto') return new WorkerEngine(await fastestDevice(threads), threads);
  if (device === 'cuda' && !hasCudaLibrary()) {
    throw new UserError("ONNX Runtime's CUDA library is not installed; use --device cpu or --device webgpu");
  }
  const engine = new WorkerEngine(device, threads);
  if (device === 'cpu') return engine;
  try {
    await timeMatMul(engine, 16);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}
