import { readdirSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { Random } from '../../core/random.js';
import { bytesOf, float32 } from '../../core/tensor.js';
import { parseIdx } from '../../data/idx.js';
import { parsePpm } from '../../data/ppm.js';
import { readBackdoorBench } from '../../formats/backdoorbench.js';
import { loadCheckpoint } from '../../formats/checkpoint.js';
import { nodeInflate } from '../../formats/node/inflate.js';
import { readNpy, writeNpy } from '../../formats/numpy/npy.js';
import { NumpyArray } from '../../formats/numpy/pickled.js';
import { unpickle } from '../../formats/pickle/unpickle.js';
import { readSafetensors, writeSafetensors } from '../../formats/safetensors.js';
import { readTar } from '../../formats/tar.js';
import { torchGlobals } from '../../formats/torch/globals.js';
import { readStorageId, storageOf } from '../../formats/torch/persistent.js';
import { safePath } from '../../formats/zip/names.js';
import { openZip } from '../../formats/zip/read.js';
import { writeZip } from '../../formats/zip/write.js';
import { buildZooModel, readZooEntry } from '../../jobs/zoo-entry.js';
import { convLayers } from '../../nn/feature-maps.js';
import { conventionOf } from '../../nn/import/convention-of.js';
import { openGraph } from '../../nn/import/open-graph.js';
import { decodeClassifier, encodeClassifier } from '../../nn/onnx-file.js';
import { learnedParameters } from '../../nn/parameters.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { stateDict } from '../../nn/state-dict.js';
import { readModel } from '../../onnx/read.js';
import { writeModel } from '../../onnx/write.js';
import { readFixtureBytes } from '../fixtures.js';
import { asConstantsReversed, foreignModel } from '../foreign-model.js';
import { smallModel, tensorsOfEveryType } from '../small-model.js';
import { zooEntryText } from '../zoo-files.js';
import { mutate } from './mutate.js';
import { randomPickle } from './program.js';

/** A parser, and files to try it with. */
export interface FuzzTarget {
  readonly name: string;
  /** A file that is probably wrong. */
  readonly make: (random: Random) => Uint8Array;
  /** Reads everything in the file; may throw a UserError. */
  readonly run: (bytes: Uint8Array) => unknown;
  /** Bytes beyond twice the file's size that a refused file may take, when it is more than a little. */
  readonly slack?: number;
}

const fixtures = readdirSync(new URL('../../../fixtures/formats/', import.meta.url)).sort();
const seedsOf = (pattern: RegExp) => fixtures.filter((name) => pattern.test(name)).map((name) => readFixtureBytes(`formats/${name}`));

/** What one piece of deflated data may unpack to before it is noticed, with the copies that growing takes. */
const INFLATED = 16 * 2 ** 20;

/** Large enough that what a refused file took can be compared with its size. */
const large = float32(
  [32, 40],
  Array.from({ length: 1280 }, (_, i) => Math.sin(i)),
);
const zips = [...seedsOf(/\.zip$/), writeZip(new Map([['a', bytesOf(large)], ['b/c', bytesOf(large)]]))]; // biome-ignore format: one line
const pickles = seedsOf(/\.pkl$/);
const torchZips = seedsOf(/^(variety|checkpoint|deep|module|attack_result)\.pt$/);
const records = seedsOf(/^attack_result\.pt$/);
const torchPickles = torchZips.map((bytes) => openZip(bytes, 'seed').read('archive/data.pkl'));
const legacy = seedsOf(/-legacy\.pt$/);
const npys = [...seedsOf(/\.npy$/), writeNpy(large)];
const safetensors = [{ large }, tensorsOfEveryType()].map((tensors) =>
  writeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: { a: 'b' } }),
);
const network = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 2, depths: [1, 1] });
const weights = writeSafetensors({ tensors: stateDict(network), metadata: {} });
const zooEntries = [Uint8Array.from(Buffer.from(zooEntryText(network, { width: 2, depths: [1, 1], weights: '0'.repeat(64) })))];
const classifiers = [encodeClassifier(network, { a: 'b' })];
const foreign = [
  foreignModel({ opset: 7, layout: 'nhwc', normalize: 'unit', head: 'Softmax' }),
  asConstantsReversed(foreignModel({ weights: 'float16' })),
  ...['shuffle-9', 'variety-16'].map((name) => readFixtureBytes(`onnx/${name}.onnx`)),
];
const ppms = ['P6\n2 2\n255\n', 'P6 # made by hand\n2 2 255\n'].map((header) => Uint8Array.from(Buffer.from(`${header}abcdefghijkl`)));
const idx = [Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 8)];

export const fuzzTargets: readonly FuzzTarget[] = [
  { name: 'zip', make: mutating(zips), run: (bytes) => readEntries(bytes, false), slack: INFLATED },
  { name: 'zip with Node', make: mutating(zips), run: (bytes) => readEntries(bytes, true), slack: INFLATED },
  { name: 'pickle', make: mutating([...pickles, ...torchPickles]), run: readPickled },
  { name: 'pickle program', make: randomPickle, run: readPickled },
  { name: 'torch zip', make: damagedOrChanged(torchZips), run: (bytes) => loadCheckpoint(bytes, 'f') },
  { name: 'torch legacy', make: mutating(legacy), run: (bytes) => loadCheckpoint(bytes, 'f') },
  { name: 'record', make: damagedOrChanged(records), run: (bytes) => readBackdoorBench(bytes, 'f') },
  { name: 'npy', make: mutating(npys), run: (bytes) => readNpy(bytes, 'f') },
  { name: 'safetensors', make: mutating(safetensors), run: (bytes) => readSafetensors(bytes, 'f') },
  { name: 'onnx', make: mutating([writeModel(smallModel()), ...classifiers]), run: (bytes) => readModel(bytes, 'f') },
  { name: 'onnx classifier', make: mutating(classifiers), run: (bytes) => decodeClassifier(bytes, 'f') },
  { name: 'onnx of others', make: mutating(foreign), run: openForeign, slack: 2 ** 20 },
  {
    name: 'zoo entry',
    make: mutating(zooEntries),
    run: (bytes) => buildZooModel(readZooEntry(new TextDecoder().decode(bytes), 'f', 'n'), weights, 'f'),
  },
  { name: 'tar', make: mutating([tar()]), run: readTarred },
  { name: 'ppm', make: mutating(ppms), run: (bytes) => parsePpm(bytes, 'f', 1000) },
  { name: 'idx', make: mutating(idx), run: (bytes) => parseIdx(bytes, 'f') },
];

/** Everything that is done to somebody else's graph before it is first run. */
function openForeign(bytes: Uint8Array): void {
  const model = readModel(bytes, 'f');
  const { graph } = openGraph(model, 'f');
  conventionOf(graph, model.metadata, {}, 'f');
  convLayers(graph);
  learnedParameters(graph);
}

function mutating(seeds: readonly Uint8Array[]): FuzzTarget['make'] {
  return (random) => mutate(random, seeds);
}

function readEntries(bytes: Uint8Array, native: boolean): void {
  const archive = openZip(bytes, 'f', native ? { inflate: nodeInflate } : {});
  for (const { name } of archive.entries.values()) {
    const path = safePath(name);
    if (path !== undefined && !resolve('/out', path).startsWith(`${sep}out${sep}`)) throw new Error(`'${name}' would be written outside`);
  }
  for (const { name } of archive.entries.values()) archive.read(name);
}

function readPickled(bytes: Uint8Array): void {
  const value = unpickle(bytes, 'f', {
    globals: torchGlobals,
    persistentLoad: (id) => {
      const storage = readStorageId(id);
      return storageOf(storage, () => new Uint8Array(storage.length));
    },
  });
  // Whatever was accepted can be walked through without end or overflow.
  walk(value);
}

function walk(value: unknown): void {
  if (Array.isArray(value)) value.forEach(walk);
  else if (value instanceof Map) for (const item of value.values()) walk(item);
  else if (value instanceof NumpyArray) value.toTensor();
}

/** Every other file has checksums that hold although its pickle is changed; otherwise hardly any pickle would be looked at. */
function damagedOrChanged(seeds: readonly Uint8Array[]): FuzzTarget['make'] {
  return (random) => (random.below(2) ? mutate(random, seeds) : withChangedPickle(random, seeds[random.below(seeds.length)]));
}

function withChangedPickle(random: Random, seed: Uint8Array): Uint8Array {
  const archive = openZip(seed, 'seed');
  const entries = new Map([...archive.entries.keys()].map((name) => [name, archive.read(name)]));
  return writeZip(entries.set('archive/data.pkl', mutate(random, [archive.read('archive/data.pkl')])));
}

async function readTarred(bytes: Uint8Array): Promise<void> {
  async function* source() {
    yield bytes;
  }
  for await (const _ of readTar(source(), 'f', { entry: 10_000, total: 100_000 }));
}

/** A tar archive of two files. */
function tar(): Uint8Array {
  const file = (name: string, content: string) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('        0', 148);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return Buffer.concat([header, Buffer.from(content), Buffer.alloc(-content.length & 511)]);
  };
  return Uint8Array.from(Buffer.concat([file('a/1.ppm', 'first'), file('a/2.ppm', 'second'.repeat(100)), Buffer.alloc(1024)]));
}
