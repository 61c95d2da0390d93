/** One import: the file that imports, as a path under src (`train/step.ts`), and what stands between the quotes. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Folders of src from the bottom up. A file may import from its own folder and from the rows below. */
const layers: readonly (readonly string[])[] = [
  ['core'],
  ['formats'],
  ['onnx'],
  ['runtime'],
  ['autodiff'],
  ['nn'],
  ['train'],
  ['data'],
  ['attacks', 'defenses'],
  ['detectors'],
  ['metrics', 'report'],
  ['jobs'],
  ['index.ts', 'cli'],
];

/** Folders whose subfolders named `node` hold what runs under Node only; the rest of them runs in a browser too. */
const halves = ['formats', 'runtime', 'data', 'nn', 'jobs'];

/** What a source file imports, statically or not. */
export function importsOf(from: string, source: string): Import[] {
  const pattern = /^\s*(?:import|export)\s(?:[^'";]*\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...source.matchAll(pattern)].map(([, plain, dynamic]) => ({ from, to: plain ?? dynamic }));
}

/** Imports that the architecture forbids, each as a line that says why. Tests may import anything. */
export function violations(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from }) => !isTest(from))
    .flatMap((item) => explain(item, item.to.startsWith('.') ? layering(item) : packages(item)));
}

function explain({ from, to }: Import, why: string | undefined): string[] {
  return why === undefined ? [] : [`${from} imports '${to}': ${why}`];
}

function layering({ from, to }: Import): string | undefined {
  const [own, other] = [folderOf(from), folderOf(resolve(from, to))];
  if (own === 'testing') return undefined;
  if (other === 'testing') return 'only tests may use src/testing';
  const [rank, below] = [own, other].map((folder) => layers.findIndex((row) => row.includes(folder)));
  if (rank < 0 || below < 0) return `'${rank < 0 ? own : other}' is not a layer`;
  if (rank > below || own === other) return undefined;
  return rank === below ? 'they stand side by side' : `${own} lies under ${other}`;
}

function packages({ from, to }: Import): string | undefined {
  const [folder] = from.split('/');
  if (to.startsWith('onnxruntime-') && folder !== 'runtime') return 'only src/runtime may use ONNX Runtime';
  const needsNode = to.startsWith('node:') || to === 'onnxruntime-node';
  const mayUseNode = folder === 'cli' || folder === 'testing' || (halves.includes(folder) && from.split('/').slice(1, -1).includes('node'));
  return needsNode && !mayUseNode ? 'this file has to run in a browser too' : undefined;
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts');
}

/** The layer of a file: its first folder, or the file itself where it lies in src. */
function folderOf(file: string): string {
  return file.split('/')[0];
}

/** The path under src that a relative import means. */
function resolve(from: string, to: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of to.replace(/\.js$/, '.ts').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
