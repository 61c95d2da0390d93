import { Worker } from 'node:worker_threads';
import { UserError } from '../../core/errors.js';
import { type Graph, OPSET } from '../../onnx/graph.js';
import { writeModel } from '../../onnx/write.js';
import type { CompileOptions, Device, Engine, Program, Tensors } from '../engine.js';
import { type FormChoice, gradientShapes } from '../forms.js';
import { lowerFor } from '../lower.js';
import { findBlock } from '../nchwc/block-size.js';
import { hasVariableConvolutions } from '../nchwc/layout.js';
import { MeasuredForms, type TrialCompiler } from './measured-forms.js';
import { type Answer, READY, type Request, type WorkerSettings } from './protocol.js';

/** Talks to the worker thread that holds the sessions. */
export class WorkerEngine implements Engine {
  readonly device: Device;
  readonly threads: number;
  readonly measuresForms: boolean;
  readonly #worker: Worker;
  /** Settled once the thread has loaded ONNX Runtime, or has ended. */
  readonly #loaded: Promise<void>;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  /** What the thread knows its programs by. */
  readonly #numbers = new WeakMap<Program, number>();
  #nextId = 1;
  #block: Promise<number | undefined> | undefined;
  #forms: Promise<MeasuredForms> | undefined;
  readonly #formsFolder: string | undefined;
  #failure: Error | undefined;

  /** @param forms folder of measurements by which forms are chosen; none: by rules. */
  constructor(device: Device, threads: number, forms?: string) {
    this.device = device;
    this.threads = threads;
    this.measuresForms = forms !== undefined;
    this.#formsFolder = forms;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { device, threads } satisfies WorkerSettings });
    this.#loaded = new Promise((resolve) => {
      this.#worker.once('message', () => resolve());
      this.#worker.once('exit', () => resolve());
    });
    this.#worker.on('message', (message: Answer | typeof READY) => {
      if (message !== READY) this.#settle(message);
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(closed()));
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    const block = this.device === 'cpu' && hasVariableConvolutions(graph) ? await this.#findBlock() : undefined;
    const choose = await this.#choiceFor(graph);
    return this.#compile(encode(lowerFor(this.device, graph, options, block, choose)), options);
  }

  load(file: Uint8Array): Promise<Program> {
    return this.#compile(new Uint8Array(file), {});
  }

  /** Channels in a block of ONNX Runtime's blocked layout; looked for once. */
  #findBlock(): Promise<number | undefined> {
    return (this.#block ??= findBlock((graph) => this.#compile(encode(graph), {})));
  }

  async #choiceFor(graph: Graph): Promise<FormChoice | undefined> {
    const folder = this.#formsFolder;
    if (folder === undefined || gradientShapes(graph).length === 0) return undefined;
    const { device, threads } = this;
    this.#forms ??= (async () => {
      const block = device === 'cpu' ? await this.#findBlock() : undefined;
      const compile: TrialCompiler = (trial, choose, held) =>
        this.#compile(encode(lowerFor(device, trial, { held }, block, choose)), { held });
      return MeasuredForms.open(folder, { device, threads, block }, compile);
    })();
    return (await this.#forms).choiceFor(graph);
  }

  async #compile(model: Uint8Array<ArrayBuffer>, options: CompileOptions): Promise<Program> {
    const program = (await this.#ask({ do: 'compile', model, options }, [model.buffer])) as number;
    let released = false;
    const made: Program = {
      run: (feeds) => this.#ask({ do: 'run', program, feeds }) as Promise<Tensors>,
      runInto: async (feeds, ...destinations) => {
        const to = destinations.map(({ program: other, inputs }) => ({ program: this.#numberOf(other), inputs }));
        await this.#ask({ do: 'runInto', program, feeds, to });
      },
      read: (names) => this.#ask({ do: 'read', program, names }) as Promise<Tensors>,
      write: async (values) => {
        await this.#ask({ do: 'write', program, values });
      },
      release: async () => {
        if (released || this.#failure) return;
        released = true;
        await this.#ask({ do: 'release', program });
      },
    };
    this.#numbers.set(made, program);
    return made;
  }

  #numberOf(program: Program): number {
    const number = this.#numbers.get(program);
    if (number === undefined) throw new Error('a program can only hand values to programs of the same engine');
    return number;
  }

  async close(): Promise<void> {
    // At once, so that whether pending work is refused does not depend on which thread is faster.
    this.#fail(closed());
    // A thread that is ended while it loads ONNX Runtime takes the whole process with it.
    await this.#loaded;
    await this.#worker.terminate();
  }

  #ask(request: Request, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) {
      waiting?.resolve(answer.value);
      return;
    }
    const error = answer.user ? new UserError(answer.message) : new Error(answer.message);
    if (!answer.user) error.stack = answer.stack;
    waiting?.reject(error);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function closed(): Error {
  return new Error('the engine was closed');
}

function encode(graph: Graph): Uint8Array<ArrayBuffer> {
  return writeModel({ graph, opset: OPSET, metadata: {} });
}
