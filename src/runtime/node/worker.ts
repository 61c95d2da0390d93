import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { UserError } from '../../core/errors.js';
import type { Tensors } from '../engine.js';
import { explainOrtError, type Ort, OrtProgram } from '../ort.js';
import { type Answer, type Envelope, READY, type Request, type WorkerSettings } from './protocol.js';

// ONNX Runtime computes inside a synchronous call, so it has a thread to itself and the event loop stays free.

// onnxruntime-common stores float16 in a Float16Array where there is one (Node 24), which onnxruntime-node 1.30 cannot
// read; without it, it stores the bit patterns, as this project does. It looks when it makes its first tensor.
Reflect.deleteProperty(globalThis, 'Float16Array');

const { device, threads } = workerData as WorkerSettings;
const programs = new Map<number, OrtProgram>();
let nextProgram = 1;

function programOf(id: number): OrtProgram {
  const program = programs.get(id);
  if (!program) throw new Error('the program was released');
  return program;
}

async function answer(request: Request): Promise<unknown> {
  if (request.do === 'compile') {
    const program = await OrtProgram.create(ort as unknown as Ort, request.model, device, threads, request.options);
    programs.set(nextProgram, program);
    return nextProgram++;
  }
  const program = programOf(request.program);
  switch (request.do) {
    case 'run':
      return program.run(request.feeds);
    case 'runInto':
      return program.runInto(
        request.feeds,
        request.to.map((destination) => ({ ...destination, program: programOf(destination.program) })),
      );
    case 'read':
      return program.read(request.names);
    case 'write':
      return program.write(request.values);
    case 'release':
      programs.delete(request.program);
      return program.release();
  }
}

/** Buffers that only the answer holds can move to the other thread; a carried value stays here and is copied. */
function transferable(request: Request, value: unknown): ArrayBuffer[] {
  if (request.do !== 'run') return [];
  const buffers = Object.values(value as Tensors).map(({ data }) => data.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}

async function reply({ id, request }: Envelope): Promise<void> {
  try {
    const value = await answer(request);
    parentPort?.postMessage({ id, ok: true, value } satisfies Answer, transferable(request, value));
  } catch (thrown) {
    const error = explainOrtError(thrown, device);
    parentPort?.postMessage({
      id,
      ok: false,
      message: error.message,
      user: error instanceof UserError,
      stack: error.stack,
    } satisfies Answer);
  }
}

// One request at a time, in the order of arrival: ONNX Runtime puts off what it is asked for, and a run that began before
// the one ahead of it had ended would take up old state.
let last = Promise.resolve();
parentPort?.on('message', (envelope: Envelope) => {
  last = last.then(() => reply(envelope));
});
parentPort?.postMessage(READY);
