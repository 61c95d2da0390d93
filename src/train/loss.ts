import type { GraphBuilder, Value } from '../onnx/builder.js';

/** Mean over the batch of -Σ t log softmax(z): logits [B, K] and class probabilities [B, K] to a scalar. */
export function crossEntropy(builder: GraphBuilder, logits: Value, targets: Value): Value {
  const perImage = builder.reduceSum(builder.mul(builder.logSoftmax(logits, 1), targets), [1]);
  return builder.neg(builder.reduceMean(perImage, [0]));
}

/** Number of images whose largest logit is at the largest target: a scalar. */
export function correctCount(builder: GraphBuilder, logits: Value, targets: Value): Value {
  const hits = builder.equal(builder.argMax(logits, 1), builder.argMax(targets, 1));
  return builder.reduceSum(builder.cast(hits, 'float32'), [0]);
}
