import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { floats } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import type { Classifier } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import type { BuildOptions } from '../nn/zoo/architecture.js';
import { findArchitecture } from '../nn/zoo/registry.js';
import { createEngine } from '../runtime/node/engine.js';
import { noisyDataset } from '../testing/dataset.js';
import { namedParameters } from '../testing/named-parameters.js';
import { train } from './loop.js';
import { sgd } from './optimizers/sgd.js';
import { constantRate } from './schedules.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const data = noisyDataset(2, 4, [3, 32, 32]);
const once = [1, 1, 1, 1, 1, 1, 1];

/**
 * Networks of each kind, as small as they go. Those with biases in front of a batch normalisation are left out, as it takes biases away
 * again: their gradient is zero.
 */
const networks: Record<string, Pick<BuildOptions, 'width' | 'depths' | 'parameters'>> = {
  preactresnet50: { width: 4, depths: [1, 1] },
  resnet50: { width: 4, depths: [1, 1] },
  'wrn-16-1': { width: 4, depths: [1, 1, 1] },
  vgg11: { width: 2, depths: [1, 1, 1, 1, 1] },
  densenet121: { width: 4, depths: [2, 2] },
  mobilenet_v2: { width: 8, depths: once },
  mobilenet_v3_large: { width: 4 },
  efficientnet_b0: { width: 8, depths: once },
  // Its blocks begin with next to no effect, and so with gradients that rounding swallows.
  convnext_tiny: { width: 4, depths: [1, 1], parameters: namedParameters },
  vit_b_16: { width: 64, depths: [1] },
  cnn_2conv: { width: 2 },
};

function valuesOf({ graph }: Classifier, name: string): ArrayLike<number> {
  const value = graph.initializers.get(name);
  assert.ok(value, name);
  return floats(value);
}

for (const [name, size] of Object.entries(networks)) {
  test(`a step of training changes every parameter of ${name}`, async () => {
    const fresh = findArchitecture(name).build({
      ...size,
      imageShape: data.imageShape,
      classes: 4,
      mean: [0.5, 0.5, 0.5],
      std: [0.3, 0.3, 0.3],
    });
    const source = batches(data, { batchSize: 8, random: new Random(0) });
    const optimizer = sgd({ momentum: 0, nesterov: false, weightDecay: 0 });
    const { classifier, history } = await train(engine, fresh, source, { epochs: 1, optimizer, schedule: constantRate(0.1), run: name });
    assert.ok(Number.isFinite(history[0].loss), `loss ${history[0].loss}`);
    for (const parameter of learnedParameters(fresh.graph)) {
      const [before, now] = [valuesOf(fresh, parameter), valuesOf(classifier, parameter)];
      assert.ok(Array.from(now).every(Number.isFinite), `${parameter} is not finite`);
      assert.ok(
        Array.from(now).some((value, i) => value !== before[i]),
        `${parameter} stayed as it was`,
      );
    }
  });
}
