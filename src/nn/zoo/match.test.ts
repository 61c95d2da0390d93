import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { full, type Tensor } from '../../core/tensor.js';
import { stateDict } from '../state-dict.js';
import type { BuildOptions } from './architecture.js';
import { findMatch, matchArchitectures } from './match.js';
import { findArchitecture } from './registry.js';

/** The state dictionary of a small network. */
function state(name: string, options: Partial<BuildOptions> = {}): Map<string, Tensor> {
  const still = { imageShape: [3, 32, 32] as const, classes: 7, mean: [0, 0, 0], std: [1, 1, 1] };
  return stateDict(findArchitecture(name).build({ ...still, ...options }));
}

describe('a state dictionary is matched', () => {
  const cases: [string, Partial<BuildOptions>, object][] = [
    ['preactresnet18', { width: 4 }, { width: 4, depths: [2, 2, 2, 2], classes: 7, channels: 3 }],
    ['resnet34', { width: 4 }, { width: 4, depths: [3, 4, 6, 3] }],
    ['wrn-16-1', {}, { width: 16, depths: [2, 2, 2] }],
    ['vgg11', { width: 4 }, { width: 4 }],
    ['cnn_2conv', { imageShape: [1, 28, 28], mean: [0], std: [1] }, { channels: 1, imageSize: 28 }],
    ['cnn_5conv', { width: 4 }, { width: 4 }],
  ];
  for (const [name, options, sizes] of cases) {
    test(`with ${name}, its sizes read off the shapes`, () => {
      const { architecture, sizes: found, share } = findMatch(state(name, options), 'file');
      assert.equal(architecture.name, name);
      assert.equal(share, 1);
      for (const [key, value] of Object.entries(sizes)) assert.deepEqual(found[key as keyof typeof found], value, key);
    });
  }

  test('with the nearest network, and what differs is named', () => {
    const changed = state('preactresnet18', { width: 4 });
    changed.delete('layer4.1.bn2.weight');
    changed.set('extra', full([3], 0));
    changed.set('layer1.0.conv1.weight', full([4, 4, 5, 5], 0));
    const said = (error: unknown) => (error instanceof UserError ? error.message : '');
    assert.throws(
      () => findMatch(changed, 'odd.pth'),
      (error) =>
        /^odd\.pth: is nearest to preactresnet18, but it lacks layer4\.1\.bn2\.weight; it has the unexpected extra; it does not fit in layer1\.0\.conv1\.weight \(\[4, 4, 5, 5\], expected \[4, 4, 3, 3\]\)/.test(
          said(error),
        ),
    );
    assert.throws(
      () => findMatch(new Map([['a', full([2, 2], 0)]]), 'odd.pth'),
      (error) => /its 1 tensors are of no network that is known/.test(said(error)),
    );
    assert.throws(
      () => findMatch(state('cnn_5conv', { width: 4 }), 'odd.pth', 'resnet18'),
      (error) => /is no state dictionary of resnet18/.test(said(error)),
    );
  });

  test('best first, and with none that it cannot be of', () => {
    const shapes = new Map([...state('wrn-16-1')].map(([name, { dims }]) => [name, dims]));
    const matches = matchArchitectures(shapes);
    assert.equal(matches[0].architecture.name, 'wrn-16-1');
    for (const [i, { share }] of matches.entries()) assert.ok(i === 0 || share <= matches[i - 1].share);
  });
});
