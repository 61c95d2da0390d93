import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { UserError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { CompileOptions, Destination, Device, Tensors } from './engine.js';

/** The part of ONNX Runtime that onnxruntime-node and onnxruntime-web have in common. */
export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: new (type: string, data: Tensor['data'], dims: readonly number[]) => OrtTensor;
}

/**
 * How long an idle thread looks for work before it sleeps. ONNX Runtime's own choice is to look for much longer, which makes
 * training 4 % faster on two idle cores and 1.5 times slower when another program wants them too.
 */
const SPIN_MICROSECONDS = '50';

/**
 * What puts values into another order on purpose, in steps that are fast, is not to be put together again: ONNX Runtime would make
 * one transposition of two, which takes five times as long.
 */
const AS_WRITTEN = { optimization: { disable_specified_optimizers: 'TransposeOptimizer;TransposeOptimizer_CPUExecutionProvider' } };

/** One ONNX Runtime session with its carried state; lives in the thread that computes. */
export class OrtProgram {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #carry: ReadonlyMap<string, string>;
  /** Names of inputs that are not fed: carried and held ones. */
  readonly #kept: ReadonlySet<string>;
  readonly #state = new Map<string, OrtTensor>();

  private constructor(ort: Ort, session: InferenceSession, { carry = {}, held = [] }: CompileOptions) {
    this.#ort = ort;
    this.#session = session;
    this.#carry = new Map(Object.entries(carry));
    this.#kept = new Set([...this.#carry.keys(), ...held]);
  }

  static async create(ort: Ort, model: Uint8Array, device: Device, threads: number, options: CompileOptions = {}): Promise<OrtProgram> {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // A plan of all memory, made at the first run, takes half as much again as what is asked for piece by piece, and no less time.
      enableMemPattern: options.carry === undefined,
      extra: { session: { intra_op: { spin_duration_us: SPIN_MICROSECONDS } }, ...(options.fast && AS_WRITTEN) },
      logSeverityLevel: 4,
    });
    return new OrtProgram(ort, session, options);
  }

  async run(feeds: Tensors): Promise<Tensors> {
    const outputs = await this.#session.run(this.#inputs(feeds));
    for (const [input, output] of this.#carry) this.#state.set(input, outputs[output]);
    const carried = new Set(this.#carry.values());
    return Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => !carried.has(name))
        .map(([name, value]) => [name, fromOrt(value)]),
    );
  }

  /** Computes the graph and sets inputs of programs of this thread to what comes out. */
  async runInto(feeds: Tensors, to: readonly { readonly program: OrtProgram; readonly inputs: Destination['inputs'] }[]): Promise<void> {
    for (const { program, inputs } of to) {
      for (const name of Object.keys(inputs)) program.#checkKept(name);
    }
    const outputs = await this.#session.run(this.#inputs(feeds), [...new Set(to.flatMap(({ inputs }) => Object.values(inputs)))]);
    for (const { program, inputs } of to) {
      for (const [input, output] of Object.entries(inputs)) program.#state.set(input, outputs[output]);
    }
  }

  read(names: readonly string[] = [...this.#carry.keys()]): Tensors {
    return Object.fromEntries(names.map((name) => [name, fromOrt(this.#keptValue(name))]));
  }

  write(values: Tensors): void {
    for (const [name, value] of Object.entries(values)) {
      this.#checkKept(name);
      this.#state.set(name, this.#toOrt(value));
    }
  }

  async release(): Promise<void> {
    this.#state.clear();
    await this.#session.release();
  }

  #checkKept(name: string): void {
    if (!this.#kept.has(name)) throw new Error(`'${name}' is neither a carried nor a held input of this program`);
  }

  #inputs(feeds: Tensors): Record<string, OrtTensor> {
    return Object.fromEntries(this.#session.inputNames.map((name) => [name, this.#input(name, feeds)]));
  }

  #input(name: string, feeds: Tensors): OrtTensor {
    if (this.#kept.has(name)) return this.#keptValue(name);
    const value = feeds[name];
    if (!value) throw new Error(`no value was given for the input '${name}'`);
    return this.#toOrt(value);
  }

  #keptValue(name: string): OrtTensor {
    const value = this.#state.get(name);
    if (!value) throw new Error(`the ${this.#carry.has(name) ? 'carried' : 'held'} input '${name}' has no value yet`);
    return value;
  }

  #toOrt(value: Tensor): OrtTensor {
    return new this.#ort.Tensor(value.type, value.data, value.dims);
  }
}

function fromOrt(value: OrtTensor): Tensor {
  return { type: value.type, dims: value.dims, data: value.data } as Tensor;
}

/** Turns what ONNX Runtime throws into something that tells its user what to do, where that is known. */
export function explainOrtError(error: unknown, device: Device): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (/Failed to get a WebGPU adapter/.test(message)) {
    return new UserError('no WebGPU adapter was found on this machine; use --device cpu, or install a Vulkan, Metal or D3D12 driver');
  }
  if (/Failed to load (shared )?library/.test(message)) {
    return new UserError(`ONNX Runtime's ${device} library is not installed; use --device cpu or --device webgpu`);
  }
  if (/bad_alloc|Failed to allocate memory|out of memory/i.test(message)) {
    return new UserError('out of memory; use a smaller batch size');
  }
  return error instanceof Error ? error : new Error(message);
}
