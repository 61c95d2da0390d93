import type { CompileOptions, Destination, Device, Tensors } from '../engine.js';

/** What the engine asks of its worker thread; one answer follows each request. */
export type Request =
  | { readonly do: 'compile'; readonly model: Uint8Array; readonly options: CompileOptions }
  | { readonly do: 'run'; readonly program: number; readonly feeds: Tensors }
  | { readonly do: 'runInto'; readonly program: number; readonly feeds: Tensors; readonly to: readonly NumberedDestination[] }
  | { readonly do: 'read'; readonly program: number; readonly names?: readonly string[] }
  | { readonly do: 'write'; readonly program: number; readonly values: Tensors }
  | { readonly do: 'release'; readonly program: number };

/** A destination of outputs, its program by number. */
export interface NumberedDestination {
  readonly program: number;
  readonly inputs: Destination['inputs'];
}

export interface Envelope {
  readonly id: number;
  readonly request: Request;
}

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly user: boolean; readonly stack?: string };

/** What the worker thread is started with. */
export interface WorkerSettings {
  readonly device: Device;
  readonly threads: number;
}

/** What the thread says first, once ONNX Runtime is loaded and it listens. */
export const READY = 'ready';
