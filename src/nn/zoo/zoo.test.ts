import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { sizeOf } from '../../core/tensor.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { readFixture, relativeError } from '../../testing/fixtures.js';
import { namedImages, namedParameters } from '../../testing/named-parameters.js';
import type { Classifier } from '../classifier.js';
import { convLayers, countMaps } from '../feature-maps.js';
import { shapesOnly } from '../init.js';
import { learnedParameters } from '../parameters.js';
import { stateDict } from '../state-dict.js';
import type { BuildOptions } from './architecture.js';
import { architectures } from './registry.js';

/** What PyTorch says of a network. */
interface Reference {
  /** Of the full network for ten classes: numbers that are learned, entries of its state dictionary, SHA-256 of their names and shapes. */
  readonly parameters: number;
  readonly entries: number;
  readonly checksum: string;
  readonly convolutions: number;
  readonly maps: number;
  /** Of the small network whose logits for two images are stored. */
  readonly options: Pick<BuildOptions, 'imageShape' | 'width' | 'depths' | 'details'>;
  readonly logits: readonly number[];
}

const { mean, std, networks } = readFixture<{ mean: number[]; std: number[]; networks: Record<string, Reference> }>('zoo');
const common = { classes: 10, mean, std };
/** Of the norm of all logits; PyTorch computed in float64. */
const TOLERANCE = 1e-4;

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** Names with shapes, in the order of PyTorch's state dictionary. */
function listing(network: Classifier): string[] {
  return [...stateDict(network)].map(([name, { dims }]) => [name, ...dims].join(' '));
}

function countParameters({ graph }: Classifier): number {
  return learnedParameters(graph).reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)?.dims ?? []), 0);
}

test('every network has a reference', () => {
  assert.deepEqual(
    architectures.map(({ name }) => name),
    Object.keys(networks),
  );
});

for (const architecture of architectures) {
  const { options, logits, checksum, entries, ...counts } = networks[architecture.name];
  const small: BuildOptions = { ...common, ...options };

  describe(architecture.name, () => {
    test("has PyTorch's parameters, under its names and in its order", () => {
      const { imageShape } = architecture;
      const network = architecture.build({ ...common, imageShape, parameters: shapesOnly() });
      const layers = convLayers(network.graph);
      assert.deepEqual({ parameters: countParameters(network), convolutions: layers.length, maps: countMaps(layers) }, counts);
      const lines = listing(network);
      assert.equal(lines.length, entries);
      assert.equal(createHash('sha256').update(lines.join('\n')).digest('hex'), checksum);
    });

    test("gives PyTorch's logits", async () => {
      const { graph } = architecture.build({ ...small, parameters: namedParameters });
      const found = await runOnce(engine, graph, { pixels: namedImages(options.imageShape) });
      assert.deepEqual(found.logits.dims, [2, common.classes]);
      const error = relativeError(found.logits.data as Float32Array, logits);
      assert.ok(error < TOLERANCE, `off by ${error}`);
    });

    test('reads its sizes off the shapes of a state dictionary', () => {
      const network = architecture.build({ ...small, parameters: shapesOnly() });
      const shapes = new Map([...stateDict(network)].map(([name, { dims }]) => [name, dims]));
      const { channels, classes, imageSize, ...sizes } = architecture.read(shapes);
      assert.deepEqual([channels, classes], [3, common.classes]);
      if (imageSize !== undefined) assert.equal(imageSize, options.imageShape[1]);
      const again = architecture.build({ ...small, width: undefined, depths: undefined, ...sizes, parameters: shapesOnly() });
      assert.deepEqual(listing(again), listing(network));
    });
  });
}
