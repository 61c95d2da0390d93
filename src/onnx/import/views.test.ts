import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { float32, floats } from '../../core/tensor.js';
import { GraphBuilder, int, type Value } from '../builder.js';
import { foldViews, resolveShape, transposed } from './views.js';

const weight = float32([2, 3], [1, 2, 3, 4, 5, 6]);

function folded(view: (builder: GraphBuilder, weight: Value) => Value) {
  const builder = new GraphBuilder('views');
  const turned = view(builder, builder.parameter('weight', weight));
  builder.output(builder.matmul(builder.input('x', 'float32', ['N', 3]), turned), 'y');
  const result = foldViews(builder.build());
  const value = result.graph.initializers.get(turned);
  return { ...result, turned, value, stored: result.stored.get(turned) };
}

describe('a weight that the graph rearranges becomes a parameter as it is read', () => {
  const views: Record<string, (b: GraphBuilder, w: Value) => Value> = {
    Transpose: (b, w) => b.transpose(w, [1, 0]),
    Reshape: (b, w) => b.reshape(w, [3, -1]),
    'Unsqueeze and Squeeze': (b, w) => b.squeeze(b.unsqueeze(b.transpose(w, [1, 0]), [0, -1]), [0, 3]),
    Cast: (b, w) => b.cast(b.transpose(w, [1, 0]), 'float32'),
  };
  for (const [name, view] of Object.entries(views)) {
    test(name, () => {
      const { graph, value, stored } = folded(view);
      assert.deepEqual(value?.dims, [3, 2]);
      assert.deepEqual([...floats(value)], name === 'Reshape' ? [1, 2, 3, 4, 5, 6] : [1, 4, 2, 5, 3, 6]);
      assert.equal(graph.initializers.has('weight'), false);
      assert.deepEqual(
        graph.nodes.map(({ opType }) => opType).filter((op) => op !== 'Identity'),
        ['MatMul'],
      );
      assert.equal(stored?.name, 'weight');
      assert.deepEqual(stored && value && stored.restore(value), weight);
    });
  }

  test('but not where another node reads it too', () => {
    const { graph, stored } = folded((b, w) => {
      b.output(b.relu(w), 'other');
      return b.transpose(w, [1, 0]);
    });
    assert.equal(stored, undefined);
    assert.equal(graph.initializers.get('weight'), weight);
  });

  test('and not where the view computes something', () => {
    assert.equal(folded((b, w) => b.transpose(b.neg(w), [1, 0])).stored, undefined);
    assert.equal(folded((b, w) => b.op('Cast', [w], { to: int(7) })[0]).stored, undefined);
  });
});

test('axes are permuted, and permuted back', () => {
  const cube = float32(
    [2, 3, 4],
    Float32Array.from({ length: 24 }, (_, i) => i),
  );
  const turned = transposed(cube, [2, 0, 1]);
  assert.deepEqual(turned.dims, [4, 2, 3]);
  assert.deepEqual([...floats(turned).slice(0, 6)], [0, 4, 8, 12, 16, 20]);
  assert.deepEqual(transposed(turned, [1, 2, 0]), cube);
  assert.deepEqual(transposed(float32([], [7]), []), float32([], [7]));
});

test('a shape is filled in as Reshape does', () => {
  assert.deepEqual(resolveShape([0, -1], [2, 3, 4]), [2, 12]);
  assert.deepEqual(resolveShape([4, 6], [2, 3, 4]), [4, 6]);
});
