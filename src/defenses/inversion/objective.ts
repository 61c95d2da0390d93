import { type Classifier, portsOf } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import type { Engine } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import type { TriggerFamily } from './family.js';

/**
 * What the search minimises, as a graph. Triggers are stacked along the batch axis.
 *
 * Inputs: `images` [B, C, H, W]; `targets` [T, 1, K], one-hot; the family's parameters [T, ...]. Outputs, each [T]: `losses`, the
 * mean cross-entropy to the target; `successes`, the share of images that get it; `costs`; and `total`, a scalar.
 * @param triggers T; `count` is B.
 */
export async function objectiveGraph(
  engine: Engine,
  classifier: Classifier,
  family: TriggerFamily,
  triggers: number,
  count: number,
  weight: number,
): Promise<Graph> {
  const { classes, imageShape } = classifier;
  const builder = new GraphBuilder(`inversion:${family.name}`);
  builder.avoid(classifier.graph);
  const images = builder.unsqueeze(builder.input('images', 'float32', [count, ...imageShape]), [0]);
  const targets = builder.input('targets', 'float32', [triggers, 1, classes]);
  const parameters = Object.fromEntries(
    Object.entries(family.parameters(imageShape)).map(([name, { dims }]) => [name, builder.input(name, 'float32', [triggers, ...dims])]),
  );
  const { changed, cost } = family.apply(builder, images, parameters, imageShape);
  embed(builder, classifier.graph, builder.reshape(changed, [triggers * count, ...imageShape]));
  const logits = builder.reshape(portsOf(classifier).output, [triggers, count, classes]);
  const likelihood = builder.reduceSum(builder.mul(builder.logSoftmax(logits, 2), targets), [2]);
  const losses = builder.neg(builder.reduceMean(likelihood, [1]));
  const hits = builder.equal(builder.argMax(logits, 2), builder.argMax(targets, 2));
  builder.output(losses, 'losses');
  builder.output(builder.reduceMean(builder.cast(hits, 'float32'), [1]), 'successes');
  builder.output(cost, 'costs');
  builder.output(builder.reduceSum(builder.add(losses, builder.mul(cost, builder.scalar(weight)))), 'total');
  return traceShapes(engine, builder.build());
}
