import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../onnx/graph.js';

/** Where graphs are computed. */
export type Device = 'cpu' | 'webgpu' | 'cuda';

/** Tensors by the names of graph inputs or outputs. */
export type Tensors = Record<string, Tensor>;

export interface CompileOptions {
  /**
   * State that stays with the program between runs: graph input name to graph output name. After each run the output's
   * value becomes the input's value of the next. Set it with {@link Program.write} before the first run.
   */
  readonly carry?: Readonly<Record<string, string>>;
  /** Graph inputs whose values stay with the program from run to run. Set them with {@link Program.write}. */
  readonly held?: readonly string[];
  /**
   * Lets the CPU compute convolutions on small maps by Winograd's algorithm: up to 4 times as fast, results differ in the sixth
   * digit. Other devices have fast convolutions of their own. Default false.
   */
  readonly fast?: boolean;
}

/** What becomes of the outputs of {@link Program.runInto}. */
export interface Destination {
  /** Of the same engine; may be the program that runs. */
  readonly program: Program;
  /** Its carried and held inputs that are set: input name to name of an output of the graph that runs. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** A compiled graph. */
export interface Program {
  /**
   * Computes the graph.
   * @param feeds every graph input that is neither carried nor held.
   * @returns every graph output that is not carried.
   * @throws UserError when the device runs out of memory or refuses the graph.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /**
   * Computes the graph and sets inputs of other programs to what comes out, which stays with the thread or device that computes. Carried
   * inputs are not renewed, and outputs without a destination are lost.
   */
  runInto(feeds: Tensors, ...to: readonly Destination[]): Promise<void>;
  /** Current values of carried inputs, all of them where no names are given. */
  read(names?: readonly string[]): Promise<Tensors>;
  /** Sets values of carried and held inputs. */
  write(values: Tensors): Promise<void>;
  /** Frees the program and its state. Releasing twice does nothing. */
  release(): Promise<void>;
}

/** Compiles graphs for one device. */
export interface Engine {
  readonly device: Device;
  /** Threads that compute, on the CPU. */
  readonly threads: number;
  /** Whether the forms of weight gradients are chosen by measurements on this machine. */
  readonly measuresForms?: boolean;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Compiles an ONNX file as it is, in whatever operator set: to see what other programs get from it. It must be complete in itself. */
  load(file: Uint8Array): Promise<Program>;
  /** Frees everything that was compiled. */
  close(): Promise<void>;
}

/** Compiles a graph, runs it once, and releases it. */
export async function runOnce(engine: Engine, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await engine.compile(graph);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}
