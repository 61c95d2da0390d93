import { Random } from '../core/random.js';
import { argmaxRows, floats } from '../core/tensor.js';
import { scan } from '../defenses/fmp/scan.js';
import { convLayers } from '../nn/feature-maps.js';
import type { Device } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { sgd } from '../train/optimizers/sgd.js';
import { TrainingStep } from '../train/step.js';
import { madeUpBatches, tinyNetwork } from './batches.js';

// A process of its own that computes the same on the device it is told, as what a graphics driver is has to be settled
// before a process begins: node device-child.js <device>. Prints a DeviceResult as JSON, or the reason why there is none.

/** What came out, as plain numbers. */
export interface DeviceResult {
  readonly losses: readonly number[];
  /** Everything that training changes, after two steps. */
  readonly state: Readonly<Record<string, readonly number[]>>;
  /** The same of two steps in one run. */
  readonly together: Pick<DeviceResult, 'losses' | 'state'>;
  /** The network's loss under each feature map's disturbance, by layer. */
  readonly scan: Readonly<Record<string, readonly number[]>>;
}

async function compute(device: Device): Promise<DeviceResult> {
  const engine = await createEngine({ device, threads: 1 });
  try {
    const network = tinyNetwork();
    const [first, second] = madeUpBatches(network, { batchSize: 4, batchesPerEpoch: 2 }).epoch(0);
    const optimizer = sgd({ nesterov: true, weightDecay: 1e-3 });
    const trained = async (stepsPerRun: number) => {
      const step = await TrainingStep.compile(engine, network, { batchSize: 4, optimizer, stepsPerRun });
      const rates = [0.05, 0.05];
      const single = async () => [await step.run(first, rates[0]), await step.run(second, rates[1])];
      const results = stepsPerRun === 1 ? await single() : await step.runAll([first, second], rates);
      const state = Object.fromEntries(Object.entries(await step.read()).map(([name, value]) => [name, [...floats(value)]]));
      await step.release();
      return { losses: results.map(({ loss }) => loss), state };
    };
    const { losses, state } = await trained(1);
    const together = await trained(2);

    const images = { pixels: first.images, labels: argmaxRows(first.targets.data, network.classes) };
    const options = { eps: 0.1, alpha: 0.02, steps: 1, random: new Random(1) };
    const fates = await scan(engine, network, convLayers(network.graph), images, options);
    const scanned = Object.fromEntries(Object.entries(fates).map(([name, maps]) => [name, maps.map(({ loss }) => loss)]));
    return { losses, state, together, scan: scanned };
  } finally {
    await engine.close();
  }
}

try {
  console.log(JSON.stringify(await compute(process.argv[2] as Device)));
} catch (error) {
  console.log(JSON.stringify({ problem: (error as Error).message }));
}
