import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { float32, sizeOf, type Tensor } from '../../core/tensor.js';
import { wrapperPrefix } from '../../formats/torch/prefix.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { relativeError } from '../../testing/fixtures.js';
import { namedImages } from '../../testing/named-parameters.js';
import { drawnFrom, shapesOnly } from '../init.js';
import { stateDict } from '../state-dict.js';
import { type BuildOptions, roundChannels } from './architecture.js';
import { architectures, findArchitecture, isArchitecture } from './registry.js';

const options = { imageShape: [3, 32, 32], classes: 4, mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;

test('no network names all of its tensors as a wrapper would', () => {
  for (const architecture of architectures) {
    const network = architecture.build({
      ...options,
      imageShape: architecture.imageShape,
      parameters: shapesOnly(),
      ...still(architecture.imageShape[0]),
    });
    assert.equal(wrapperPrefix([...stateDict(network).keys()]), '', architecture.name);
  }
});

function still(channels: number) {
  return { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
}

function refused(name: string, changes: Partial<BuildOptions>, message: string): void {
  const build = () => findArchitecture(name).build({ ...options, ...changes, parameters: shapesOnly() });
  assert.throws(build, new UserError(message));
}

/** @param weight [maps, 3, k, k]. */
function coloursReversed({ dims, data }: Tensor<'float32'>): Tensor<'float32'> {
  const plane = sizeOf(dims.slice(2));
  const moved = data.map((_, i) => data[i + plane * (2 - 2 * (Math.floor(i / plane) % 3))]);
  return float32(dims, moved);
}

test('networks are found by name, wide residual ones of any depth and width', () => {
  for (const architecture of architectures) assert.equal(findArchitecture(architecture.name).title, architecture.title);
  const { title, width, depths } = findArchitecture('wrn-22-4');
  assert.deepEqual([title, width, depths], ['WRN-22-4', 64, [3, 3, 3]]);
  assert.throws(() => findArchitecture('resnet19'), new UserError("there is no network 'resnet19'; did you mean 'resnet18'?"));
  // A depth is 6 n + 4.
  for (const name of ['wrn-23-4', 'wrn-04-4', 'wrn-22-0', 'wrn', 'constructor']) {
    assert.throws(() => findArchitecture(name), UserError, name);
    assert.equal(isArchitecture(name), false, name);
  }
  for (const name of ['wrn-22-4', 'vgg16_bn']) assert.equal(isArchitecture(name), true, name);
});

test('sizes that a network cannot have are user errors', () => {
  refused('cnn_2conv', { depths: [1] }, "'cnn_2conv' has no depths to choose; leave out depths, or choose another network");
  refused('mobilenet_v2', { depths: [1, 2] }, "'mobilenet_v2' has 7 stages, not 2; give one of depths for each");
  refused('vgg11', { depths: [1, 1, 1, 1, 1, 1] }, "'vgg11' has 1 to 5 stages, not 6; give one of depths for each");
  refused('vit_b_16', { depths: [1, 1] }, "'vit_b_16' has 1 stages, not 2; give one of depths for each");
  refused('vit_b_16', { width: 100 }, "'vit_b_16' has a width that is a multiple of 64, not 100; choose another");
  refused('densenet121', { width: 5 }, "'densenet121' has an even width, not 5; choose another");
  refused('resnet18', { depths: [] }, "'resnet18' has at least 1 stages, not 0; give one of depths for each");
  const small = "the images are too small for 'vgg11'; choose larger ones or another network";
  refused('vgg11', { imageShape: [3, 16, 16] }, small);
});

test('the name tells the sizes where they are not its own', () => {
  const named = (changes: Partial<BuildOptions>) =>
    findArchitecture('resnet18').build({ ...options, parameters: shapesOnly(), ...changes }).name;
  assert.equal(named({}), 'resnet18');
  assert.equal(named({ width: 64, depths: [2, 2, 2, 2] }), 'resnet18');
  assert.equal(named({ width: 8, depths: [1, 1] }), 'resnet18-w8-d1.1');
});

test('fresh weights follow from the seed', () => {
  const state = (seed: number) =>
    stateDict(findArchitecture('mobilenet_v2').build({ ...options, width: 8, depths: [1, 1, 1, 1, 1, 1, 1], seed }));
  assert.deepEqual(state(3), state(3));
  assert.notDeepEqual(state(3).get('features.0.0.weight'), state(4).get('features.0.0.weight'));
});

test('a network that takes blue first gives the same logits for the same images', async () => {
  const engine = await createEngine({ device: 'cpu', threads: 1 });
  const pixels = namedImages(options.imageShape);
  const logits = async (changes: Partial<BuildOptions>) => {
    const { graph } = findArchitecture('cnn_2conv').build({ ...options, width: 4, ...changes });
    return (await runOnce(engine, graph, { pixels })).logits.data as Float32Array;
  };
  const drawn = drawnFrom(0);
  // The first convolution's kernels for red and blue change places with the colours.
  const swapped = await logits({
    channelOrder: 'bgr',
    mean: [...options.mean].reverse(),
    std: [...options.std].reverse(),
    parameters: (name, dims, draw) => (name === 'conv1.0.weight' ? coloursReversed(drawn(name, dims, draw)) : drawn(name, dims, draw)),
  });
  assert.ok(relativeError(swapped, await logits({})) < 1e-6);
  assert.ok(relativeError(await logits({ channelOrder: 'bgr' }), await logits({})) > 0.01);
  await engine.close();
});

test('channels are rounded to multiples of 8 that keep nine tenths of them', () => {
  assert.deepEqual([1, 8, 11, 12, 16.8, 19, 20, 35, 36].map(roundChannels), [8, 8, 16, 16, 16, 24, 24, 32, 40]);
});
