import { sizeOf } from '../core/tensor.js';
import { convLayers, countMaps } from '../nn/feature-maps.js';
import { shapesOnly } from '../nn/init.js';
import { learnedParameters } from '../nn/parameters.js';
import type { Architecture } from '../nn/zoo/architecture.js';
import { architectures } from '../nn/zoo/registry.js';
import { integer } from '../report/format.js';
import { markdownTable, withTable } from './page-table.js';

/** Classes of the networks in the table. */
const CLASSES = 10;

/** `docs/models.md` with its table made anew from the networks. Throws where the page has no place for one. */
export function withModelsTable(page: string): string {
  const head = ['Name', 'Network', 'Names of', 'Width', 'Depths', 'Parameters', 'Convolutions', 'Maps'];
  const papers = architectures.flatMap(({ paper }) => (paper ? [`- ${paper.authors}: ${paper.title}, ${paper.venue} ${paper.year}`] : []));
  return withTable(page, `${markdownTable(head, architectures.map(row))}\n${[...new Set(papers)].join('\n')}\n`);
}

function row(architecture: Architecture): string[] {
  const { name, title, source, width, depths, imageShape, build } = architecture;
  const still = [0, 0, 0];
  const { graph } = build({ imageShape, classes: CLASSES, mean: still, std: still.map(() => 1), parameters: shapesOnly() });
  const parameters = learnedParameters(graph).reduce((sum, key) => sum + sizeOf(graph.initializers.get(key)?.dims ?? []), 0);
  const layers = convLayers(graph);
  const sizes = [integer(width), depths?.join(',') ?? '–', integer(parameters), integer(layers.length), integer(countMaps(layers))];
  return [`\`${name}\``, title, source, ...sizes];
}
