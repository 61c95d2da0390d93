import type { Classifier } from '../../nn/classifier.js';
import { portsOf } from '../../nn/classifier.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import type { Graph } from '../../onnx/graph.js';
import type { Engine } from '../../runtime/engine.js';
import { traceSizes } from '../../runtime/trace.js';
import { type Budget, LayerDisturbance, type Stack } from './disturb.js';
import { type Answers, Ranking } from './rank.js';
import type { Slice } from './slices.js';
import { chooseStack } from './stack.js';

/** What a scan looks at, and how. */
export interface ScannerTask {
  readonly engine: Engine;
  readonly classifier: Classifier;
  /** Images that there are. */
  readonly images: number;
  readonly budget: Budget;
  /** What the scan may take beside the network's weights, in MiB. */
  readonly memory: number;
  /** Images of a slice at most; default as {@link chooseStack}. */
  readonly slice?: number;
}

/** Everything that the layers of a scan have in common. */
export class Scanner {
  readonly stack: Stack;
  /** The network traced for a number of images. */
  readonly trace: (images: number) => Graph;
  readonly #task: ScannerTask;
  readonly #ranking: Ranking;

  private constructor(task: ScannerTask, ranking: Ranking, stack: Stack, trace: (images: number) => Graph) {
    this.#task = task;
    this.#ranking = ranking;
    this.stack = stack;
    this.trace = trace;
  }

  static async create(task: ScannerTask): Promise<Scanner> {
    const { engine, classifier, images, memory, slice } = task;
    const trace = await traceSizes(engine, classifier.graph, batchAxisOf(classifier));
    const stack = chooseStack(trace(1), images, { device: engine.device, threads: engine.threads, memory, slice });
    return new Scanner(task, await Ranking.compile(engine, classifier, stack.images), stack, trace);
  }

  async layer(layer: ConvLayer): Promise<LayerScanner> {
    const { engine, classifier, budget } = this.#task;
    const stack = { ...this.stack, group: Math.min(this.stack.group, layer.channels) };
    const disturbance = await LayerDisturbance.compile(engine, classifier, layer, stack, budget, this.trace);
    return new LayerScanner(disturbance, this.#ranking, stack);
  }

  release(): Promise<void> {
    return this.#ranking.release();
  }
}

/** Disturbs maps of one layer and sees what becomes of the network. */
export class LayerScanner {
  readonly #disturbance: LayerDisturbance;
  readonly #ranking: Ranking;
  readonly #stack: Stack;

  constructor(disturbance: LayerDisturbance, ranking: Ranking, stack: Stack) {
    this.#disturbance = disturbance;
    this.#ranking = ranking;
    this.#stack = stack;
  }

  /** Settles the images for the calls of {@link run} that follow. */
  async use({ clean, start, labels }: Slice): Promise<void> {
    await this.#disturbance.prepare(clean, start);
    await this.#ranking.prepare(clean, labels);
  }

  /** Looks at the given maps, a group at a time; the answers of a group are map by map, all images of the slice each. */
  async *run(channels: readonly number[]): AsyncGenerator<{ channels: readonly number[]; answers: Answers }> {
    const { group } = this.#stack;
    for (let first = 0; first < channels.length; first += group) {
      const together = channels.slice(first, first + group);
      yield { channels: together, answers: await this.#ranking.run(await this.#disturbance.run(together)) };
    }
  }

  release(): Promise<void> {
    return this.#disturbance.release();
  }
}

function batchAxisOf(classifier: Classifier): string {
  const { input } = portsOf(classifier);
  const [axis] = classifier.graph.inputs.find(({ name }) => name === input)?.dims ?? [];
  if (typeof axis !== 'string') throw new Error(`'${classifier.name}' takes ${axis} images at a time; its maps cannot be scanned`);
  return axis;
}
