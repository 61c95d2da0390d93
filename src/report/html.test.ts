import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderReport } from './html.js';
import type { Pictures, Sample } from './pictures.js';
import type { Result } from './result.js';

const png = (...bytes: number[]) => Uint8Array.from([0x89, 0x50, 0x4e, 0x47, ...bytes]);
const map = (channel: number, accuracy: number, pruned: boolean, suspicion = 1 - accuracy) => ({
  channel,
  accuracy,
  loss: 2 * (1 - accuracy),
  suspicion,
  pruned,
});
const epochs = [0.8, 0.2].map((loss, i) => ({ epoch: i + 1, learningRate: 0.01, loss, accuracy: 0.9 + 0.05 * i, seconds: 1 }));

const full: Result = {
  version: 1,
  kind: 'demo',
  created: '2026-03-04T15:16:17.123Z',
  seed: 3,
  device: { kind: 'cpu', threads: 2 },
  data: { name: 'mnist', classes: ['0', '1', '2'], checksums: { images: 'ab12' }, train: 12000, test: 1000, clean: 600 },
  attack: {
    method: 'badnets',
    title: 'BadNets',
    options: { pratio: 0.1 },
    trigger: { kind: 'badnets' },
    labelMap: { kind: 'all-to-one', target: 0 },
    poisoned: 1200,
  },
  before: { acc: 0.98904, asr: 0.99833, ra: 0.0015, images: { clean: 10000, triggered: 9000 } },
  ft: { acc: 0.98, asr: 0.45, ra: 0.5, images: { clean: 10000, triggered: 9000 } },
  after: { acc: 0.9871, asr: 0.0061, ra: 0.97, images: { clean: 10000, triggered: 9000 } },
  defense: {
    method: 'fmp',
    title: 'FMP',
    options: { p: 64 },
    rule: 'The least accurate go.',
    maps: {
      conv1: [map(0, 0.9, false), map(1, 0.1, true), map(2, 1, false)],
      'layer1.conv': [map(0, 0.3, true), map(1, 0.35, true), map(2, 0.35, false)],
    },
  },
  pruned: { conv1: [1], 'layer1.conv': [0, 1] },
  history: { attack: epochs, fmp: epochs, ft: epochs },
  phases: [{ name: 'scan', seconds: 75, peakMemoryMB: 512.4 }],
  versions: { antidote: '0.1.0', node: 'v20' },
  command: 'antidote demo',
};

const sample: Sample = {
  label: 2,
  clean: png(1),
  triggered: png(2),
  predictions: {
    before: { clean: { label: 2, confidence: 0.9 }, triggered: { label: 0, confidence: 0.999 } },
    after: { clean: { label: 2, confidence: 0.8 }, triggered: { label: 1, confidence: 0.7 } },
  },
};
const pictures: Pictures = { trigger: { clean: png(3), triggered: png(4), difference: png(5) }, samples: [sample] };

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
const headings = (page: string) => [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map((match) => match[1]);
const words = (page: string) => page.replace(/<[^>]*>/g, '').replaceAll('\u00a0', ' ');

/** Fails where a tag is closed that is not the open one, or left open. */
function assertBalanced(page: string): void {
  const open: string[] = [];
  for (const [, closing, name, closed] of page
    .replace(/<style>.*?<\/style>/s, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)(?:[^>"]|"[^"]*")*?(\/?)>/g)) {
    if (closed || ['meta', 'img', 'wbr'].includes(name)) continue;
    if (closing) assert.equal(open.pop(), name);
    else open.push(name);
  }
  assert.deepEqual(open, []);
}

test('the report has every section, in order, and is well formed', () => {
  const page = renderReport(full, pictures);
  assert.deepEqual(headings(page), [
    'Results',
    'Trigger',
    'What the models say',
    'Training curves',
    'Feature maps',
    'How every choice was made',
    'Provenance',
  ]);
  assert.match(page, /^<!doctype html>\n<html lang="en">/);
  assert.match(page, /<title>BadNets repaired with FMP on MNIST<\/title>/);
  assertBalanced(page);
});

test('the verdict and the table are the numbers', () => {
  const text = words(renderReport(full));
  assert.match(
    text,
    /Before the repair 99\.8 % of triggered images were taken for class 0; after FMP 0\.6 %; accuracy on clean images changed from 98\.9 % to 98\.7 %\./,
  );
  assert.match(text, /FMP pruned 3 of 6 feature maps, in 2 layers/);
  assert.match(text, /98\.90 %\s+9,890 of 10,000 images/);
  assert.match(text, /0\.61 % −99\.22\s+55 of 9,000 images/);
  assert.match(text, /scan1 min 15 s\s+512 MB/);
});

test('nothing is fetched and no script runs', () => {
  const page = renderReport(full, pictures);
  assert.doesNotMatch(page, /https?:|<script|<link|<iframe|@import|url\(|\son[a-z]+=/i);
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address, /^data:image\/png;base64,/);
  assert.equal(count(page, /<img /g), 5);
  assert.ok(page.includes(`data:image/png;base64,${Buffer.from(png(5)).toString('base64')}`));
});

test('names from files cannot become markup', () => {
  const evil = `</style><script>alert("1")</script><img src=x onerror='y'>`;
  const method = { method: evil, title: evil, options: { [evil]: evil }, rule: evil };
  const page = renderReport(
    {
      ...full,
      device: { kind: evil, cpu: evil },
      data: { name: evil, classes: ['0', '1', evil], checksums: { [evil]: evil } },
      attack: { ...method, trigger: { kind: evil, [evil]: evil }, labelMap: { kind: 'all-to-one', target: 2 } },
      defense: { ...method, maps: { [evil]: [map(0, 0.1, true)] } },
      baseline: method,
      pruned: { [evil]: [0] },
      history: { attack: epochs, [evil]: epochs },
      phases: [{ name: evil, seconds: 1 }],
      versions: { [evil]: evil },
      command: evil,
    },
    pictures,
  );
  assert.doesNotMatch(page, /<script|<img src=x|onerror='/);
  assert.equal(count(page, /<\/style>/g), 1);
  assert.ok(count(page, /&lt;script&gt;/g) > 30);
  assertBalanced(page);
});

test('every pruned map is marked, every other is a plain dot, and both say what they are', () => {
  const page = renderReport(full);
  assert.equal(count(page, /<svg class="marked"/g), 3);
  assert.equal(count(page, /<circle cx/g), 3);
  assert.match(page.replaceAll('\u00a0', ' '), /<title>conv1, channel 1 \(pruned\): accuracy 10\.00 %, loss 1\.8, suspicion 0\.9<\/title>/);
  assert.match(words(page), /layer1\.conv2 of 330\.00 – 35\.00 %0, 1/);
});

test('suspicion has a picture of its own only where it ranks otherwise than accuracy', () => {
  assert.doesNotMatch(renderReport(full), /suspicion from/);
  const maps = { conv1: [map(0, 0.9, true, 5), map(1, 0.1, false, 1)] };
  const page = renderReport({ ...full, defense: { ...full.defense!, maps }, pruned: { conv1: [0] } });
  assert.match(page, /aria-label="conv1: 2.feature maps, suspicion from 1 to 5; 1 pruned"/);
  const tied = { conv1: [map(0, 1, true, 5), map(1, 1, false, 1)] };
  assert.match(renderReport({ ...full, defense: { ...full.defense!, maps: tied }, pruned: { conv1: [0] } }), /suspicion from 1 to 5/);
});

test('without a scan there is a picture of suspicion alone, and no accuracy is said', () => {
  const unscanned = (channel: number, suspicion: number, pruned: boolean) => ({ channel, suspicion, pruned });
  const maps = { conv1: [unscanned(0, 5, true), unscanned(1, 1, false)] };
  const page = renderReport({ ...full, defense: { ...full.defense!, maps }, pruned: { conv1: [0] } });
  assert.match(page, /aria-label="conv1: 2.feature maps, suspicion from 1 to 5; 1 pruned"/);
  assert.doesNotMatch(page, /accuracy from|Accuracy of the whole network/);
  assert.match(page, /<title>conv1, channel 0 \(pruned\): suspicion 5<\/title>/);
  assert.match(words(page), /by within their layer\. 2.maps in 1.layer/);
});

test('right, taken in and wrong differ by sign and by words', () => {
  const page = renderReport(full, { samples: [sample] });
  const cell = (outcome: string, sign: string, said: string) =>
    new RegExp(`<td class="${outcome}"><b><span [^>]*aria-label="[a-z ]+:"[^>]*>${sign}</span> ${said}</b>`, 'g');
  assert.equal(count(page, cell('right', '✓', '2')), 2);
  assert.equal(count(page, cell('fooled', '⚑', '0')), 1);
  assert.equal(count(page, cell('wrong', '✗', '1')), 1);
  assert.doesNotMatch(page, /<th scope="row">FT<\/th><td class/);
});

test('what is missing is left out', () => {
  const { version, created } = full;
  const bare = renderReport({ version, created, kind: 'evaluate' });
  assert.deepEqual(headings(bare), ['Provenance']);
  assert.doesNotMatch(bare, /undefined|NaN|Infinity|null/);
  const clean = renderReport({
    version,
    created,
    kind: 'repair',
    before: { acc: 0.9 },
    after: { acc: 0.8 },
    pruned: {},
    history: { ft: [] },
  });
  assert.deepEqual(headings(clean), ['Results', 'Feature maps', 'Provenance']);
  assert.doesNotMatch(clean, /ASR|undefined|NaN|Infinity/);
  assert.match(words(clean), /accuracy on clean images changed from 90\.0 % to 80\.0 %/);
});

test('curves bear one epoch, equal values and losses that are not finite', () => {
  const epoch = { epoch: 1, learningRate: 1, loss: null, accuracy: 1, seconds: 1 };
  const page = renderReport({ ...full, history: { attack: [epoch], ft: [{ ...epoch, loss: 0 }] } });
  assert.doesNotMatch(page, /NaN|Infinity|undefined/);
  assert.match(page, /loss by epoch: BadNets from – to –/);
});
