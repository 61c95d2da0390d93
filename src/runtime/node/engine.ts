import { availableParallelism } from 'node:os';
import { UserError } from '../../core/errors.js';
import type { Device, Engine } from '../engine.js';
import { fastestDevice, hasCudaLibrary, tryDevice } from './devices.js';
import { WorkerEngine } from './worker-engine.js';

export interface EngineOptions {
  /** Default `auto`: the device that multiplies two matrices fastest. */
  readonly device?: Device | 'auto';
  /** CPU threads; default: as many as the machine offers. */
  readonly threads?: number;
  /**
   * Folder of measurements by which the forms of weight gradients are chosen; what is missing is measured, once on a machine. Default: they
   * follow from rules, so that every machine of a kind computes the same digits.
   */
  readonly forms?: string;
}

/** Starts ONNX Runtime in a thread of its own. Close it when done, or the process stays alive. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const threads = options.threads ?? availableParallelism();
  const device = options.device ?? 'auto';
  if (device === 'auto') return new WorkerEngine(await fastestDevice(threads), threads, options.forms);
  if (device === 'cuda' && !hasCudaLibrary()) {
    throw new UserError("ONNX Runtime's CUDA library is not installed; use --device cpu or --device webgpu");
  }
  if (device !== 'cpu') {
    // In a process of its own first: a driver that is missing prints lines that nobody can hold back, or crashes.
    const { problem } = await tryDevice(device, threads);
    if (problem !== undefined) throw new UserError(problem);
  }
  return new WorkerEngine(device, threads, options.forms);
}
