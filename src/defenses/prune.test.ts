import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { floats } from '../core/tensor.js';
import { convLayers } from '../nn/feature-maps.js';
import { preActResNet } from '../nn/preactresnet.js';
import { pruneCount, select } from './fmp/select.js';
import { prune } from './prune.js';

const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
const layers = convLayers(model.graph);
const changed = (pruned: ReturnType<typeof prune>) =>
  [...model.graph.initializers].filter(([name, value]) => pruned.classifier.graph.initializers.get(name) !== value).map(([name]) => name);

describe('prune', () => {
  it('zeroes the filter alone where others read the map too', () => {
    const pruned = prune(model, layers, { 'layer1.0.conv2': [1] });
    assert.deepEqual(changed(pruned), ['layer1.0.conv2.weight']);
    const weight = floats(pruned.classifier.graph.initializers.get('layer1.0.conv2.weight'));
    const before = floats(model.graph.initializers.get('layer1.0.conv2.weight'));
    assert.ok(weight.every((value, i) => (i >= 36 && i < 72 ? Object.is(value, 0) : value === before[i])));
  });

  it('zeroes scale and shift of a normalisation that only this convolution feeds', () => {
    const pruned = prune(model, layers, { 'layer1.0.conv1': [0, 3] });
    assert.deepEqual(changed(pruned), ['layer1.0.conv1.weight', 'layer1.0.bn2.weight', 'layer1.0.bn2.bias'].toSorted(inOrder));
    assert.deepEqual(floats(pruned.classifier.graph.initializers.get('layer1.0.bn2.weight')), Float32Array.of(0, 1, 1, 0));
    assert.deepEqual([...pruned.masks['layer1.0.bn2.bias'].data], [0, 1, 1, 0]);
  });

  it('goes by the name of the layer, not by the order of the selection', () => {
    const one = prune(model, layers, { conv1: [1], 'layer2.0.shortcut.0': [2] });
    const other = prune(model, [...layers].reverse(), { 'layer2.0.shortcut.0': [2], conv1: [1] });
    assert.deepEqual(one.classifier.graph.initializers, other.classifier.graph.initializers);
  });

  it('leaves the given model as it was', () => {
    const copy = structuredClone(model.graph.initializers);
    prune(model, layers, Object.fromEntries(layers.map((layer) => [layer.name, [0]])));
    assert.deepEqual(model.graph.initializers, copy);
  });
});

describe('select', () => {
  it('takes the most suspicious, of equals the one with the higher loss, then the first', () => {
    const maps = [0.1, 0.9, 0.9, 0.9, 0.2, 0, 0, 0].map((suspicion, channel) => ({ channel, suspicion, loss: channel === 3 ? 2 : 1 }));
    assert.deepEqual(select(maps, { p: 4, minPerLayer: 0 }), [1, 3]);
    assert.deepEqual(select(maps, { p: 3, minPerLayer: 3 }), [1, 2, 3]);
  });

  it('never takes the last map of a layer', () => {
    assert.equal(pruneCount(4, { p: 1, minPerLayer: 1 }), 3);
    assert.equal(pruneCount(1, { p: 64, minPerLayer: 1 }), 0);
    assert.equal(pruneCount(63, { p: 64, minPerLayer: 0 }), 0);
  });
});

const order = [...model.graph.initializers.keys()];
function inOrder(a: string, b: string): number {
  return order.indexOf(a) - order.indexOf(b);
}
