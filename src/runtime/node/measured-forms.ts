import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Graph } from '../../onnx/graph.js';
import type { WeightGradientShape } from '../../onnx/weight-gradient.js';
import type { Device, Program } from '../engine.js';
import { FORMS, type Form, type FormChoice, formKey, formsFor, gradientShapes, trialOf } from '../forms.js';
import { writeFileAtomic } from './files.js';

/** Raised when a form comes to be computed otherwise, so that old measurements are not taken for new ones. */
const EDITION = 1;
/** Measured runs of each form at most, and milliseconds after which no further round is begun. */
const ROUNDS = 7;
const PATIENCE = 1500;

/** What measurements hold for, with the kind of the CPU and the version of ONNX Runtime. */
export interface FormsMachine {
  readonly device: Device;
  readonly threads: number;
  /** Channels in a block, where the CPU has blocks. */
  readonly block: number | undefined;
}

/** Compiles a graph with its weight gradients in chosen forms. */
export type TrialCompiler = (graph: Graph, choose: FormChoice, held: readonly string[]) => Promise<Program>;

const fileSchema = z.object({
  machine: z.record(z.string(), z.unknown()),
  /** By {@link formKey}; milliseconds of a convolution with both its gradients, the fastest of several runs in turn. */
  shapes: z.record(z.string(), z.object({ form: z.enum(FORMS), milliseconds: z.partialRecord(z.enum(FORMS), z.number()) })),
});
type Shapes = z.infer<typeof fileSchema>['shapes'];

/**
 * Forms of weight gradients by measurements that a folder keeps, in one file for each kind of machine. What is measured once stands, by
 * whichever process: forms differ in the last digits, and the same seed gives the same bytes only with the same forms.
 */
export class MeasuredForms {
  readonly #path: string;
  readonly #machine: Readonly<Record<string, unknown>>;
  readonly #hasBlocks: boolean;
  readonly #compile: TrialCompiler;
  #shapes: Shapes;

  private constructor(path: string, machine: FormsMachine & Readonly<Record<string, unknown>>, compile: TrialCompiler, shapes: Shapes) {
    this.#path = path;
    this.#machine = machine;
    this.#hasBlocks = machine.block !== undefined;
    this.#compile = compile;
    this.#shapes = shapes;
  }

  /** @param folder made where it is missing. A damaged file there counts as none. */
  static async open(folder: string, { device, threads, block }: FormsMachine, compile: TrialCompiler): Promise<MeasuredForms> {
    const machine = { device, threads, block, cpu: cpus()[0]?.model.trim(), onnxruntime: onnxruntimeVersion(), edition: EDITION };
    const name = createHash('sha256').update(JSON.stringify(machine)).digest('hex').slice(0, 16);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.json`);
    return new MeasuredForms(path, machine, compile, await read(path));
  }

  /** Measures the shapes of a graph that are not known yet, and returns what was ever fastest for each. */
  async choiceFor(graph: Graph): Promise<FormChoice> {
    for (const shape of gradientShapes(graph)) {
      const key = formKey(shape);
      if (this.#shapes[key]) continue;
      const measured = await this.#measure(shape);
      // Another process may have measured meanwhile; who came first is right, here too.
      this.#shapes = { ...this.#shapes, [key]: measured, ...(await read(this.#path)) };
      await writeFileAtomic(this.#path, `${JSON.stringify({ machine: this.#machine, shapes: this.#shapes }, null, 1)}\n`);
    }
    return (shape) => this.#shapes[formKey(shape)]?.form;
  }

  async #measure(shape: WeightGradientShape): Promise<Shapes[string]> {
    const forms = formsFor(shape, this.#hasBlocks);
    if (forms.length === 1) return { form: forms[0], milliseconds: {} };
    const { graph, feeds } = trialOf(shape);
    const trials: { readonly form: Form; readonly program: Program; best: number }[] = [];
    try {
      for (const form of forms) {
        const program = await this.#compile(graph, () => form, Object.keys(feeds));
        trials.push({ form, program, best: Number.POSITIVE_INFINITY });
        await program.write(feeds);
        await program.run({});
      }
      const started = performance.now();
      for (let round = 0; round < ROUNDS && (round === 0 || performance.now() - started < PATIENCE); round++) {
        for (const trial of trials) trial.best = Math.min(trial.best, await milliseconds(trial.program));
      }
    } finally {
      for (const { program } of trials) await program.release();
    }
    const [fastest] = [...trials].sort((a, b) => a.best - b.best);
    return { form: fastest.form, milliseconds: Object.fromEntries(trials.map(({ form, best }) => [form, Number(best.toPrecision(4))])) };
  }
}

async function milliseconds(program: Program): Promise<number> {
  const started = performance.now();
  await program.run({});
  return performance.now() - started;
}

async function read(path: string): Promise<Shapes> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).shapes;
  } catch {
    return {};
  }
}

/** As its package says. */
export function onnxruntimeVersion(): string {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
