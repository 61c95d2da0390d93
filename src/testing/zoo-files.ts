import { writeZooEntry } from '../jobs/zoo-entry.js';
import type { Classifier } from '../nn/classifier.js';

/** What the text of an entry needs beyond the model. */
interface Made {
  readonly width: number;
  readonly depths: number[];
  /** SHA-256 of the weights' file. */
  readonly weights: string;
  /** What stands in the entry's result besides what every result has. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** The text of an entry of the zoo for a PreActResNet with mean and deviation of ½. */
export function zooEntryText({ imageShape, classes }: Classifier, { width, depths, weights, result }: Made): string {
  const halves = new Array<number>(imageShape[0]).fill(0.5);
  const network = {
    architecture: 'preactresnet18',
    width,
    depths,
    imageShape: [...imageShape] as [number, number, number],
    classes,
    mean: halves,
    std: halves,
  };
  return writeZooEntry({ result: { version: 1, kind: 'attack', created: '2026-03-04T15:16:17.123Z', ...result }, network, weights });
}
