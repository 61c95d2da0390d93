import { UserError } from '../core/errors.js';
import { int64, type Tensor } from '../core/tensor.js';
import type { Graph } from '../onnx/graph.js';
import { type Classifier, withParameters } from './classifier.js';
import { learnedParameters } from './parameters.js';

/** What PyTorch puts before every name when a model was trained on several GPUs. */
const PARALLEL = 'module.';
/** How many names an error lists before it only counts them. */
const LISTED = 3;

/**
 * The classifier's parameters and running statistics under PyTorch's names and in PyTorch's order, each normalisation with
 * its `num_batches_tracked`. Constants of preprocessing, which PyTorch's models leave to the data loader, are left out.
 * @param batchesTracked how many batches the running statistics come from; PyTorch uses it only without a momentum.
 */
export function stateDict({ graph }: Classifier, batchesTracked = 0): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const name of definitionOrder(stateNames(graph))) {
    state.set(name, graph.initializers.get(name) as Tensor);
    const counter = counterOf(name);
    if (counter) state.set(counter, int64([], [batchesTracked]));
  }
  return state;
}

/**
 * The classifier with the parameters and running statistics of a state dictionary of PyTorch. The prefix `module.` is taken
 * off, and `num_batches_tracked` is not needed.
 * @param file where the tensors come from, for messages.
 * @throws UserError when names or shapes are not those of the classifier.
 */
export function loadStateDict(classifier: Classifier, tensors: ReadonlyMap<string, Tensor>, file: string): Classifier {
  const given = new Map([...tensors].map(([name, value]) => [name.startsWith(PARALLEL) ? name.slice(PARALLEL.length) : name, value]));
  const wanted = stateNames(classifier.graph);
  const counters = new Set(wanted.map(counterOf));
  const complaints = [
    complaint(
      'lacks',
      wanted.filter((name) => !given.has(name)),
    ),
    complaint(
      'has the unexpected',
      [...given.keys()].filter((name) => !wanted.includes(name) && !counters.has(name)),
    ),
    complaint(
      'does not fit in',
      wanted.flatMap((name) => misfit(name, given.get(name), classifier.graph.initializers.get(name) as Tensor)),
    ),
  ].filter((text) => text !== '');
  if (complaints.length > 0) {
    throw new UserError(
      `${file}: is no state of '${classifier.name}': it ${complaints.join('; ')}; choose the network that it was saved from`,
    );
  }
  return withParameters(classifier, Object.fromEntries(wanted.map((name) => [name, given.get(name) as Tensor])));
}

/** Parameters that are learned, and running statistics, in the order in which the graph holds them. */
function stateNames(graph: Graph): string[] {
  const norms = graph.nodes.filter((node) => node.opType === 'BatchNormalization');
  const kept = new Set([...learnedParameters(graph), ...norms.flatMap((node) => node.inputs.slice(3))]);
  return [...graph.initializers.keys()].filter((name) => kept.has(name));
}

/**
 * PyTorch's order is that in which a block's layers were defined, and the shortcut is defined last there, although it runs
 * first here.
 */
function definitionOrder(names: readonly string[]): string[] {
  const position = (name: string, index: number) => {
    const [, block] = /^(.*\.)(?:shortcut|downsample|convShortcut)\./.exec(name) ?? [];
    return block === undefined ? index : names.findLastIndex((other) => other.startsWith(block)) + 0.5;
  };
  const keyed = names.map((name, index) => ({ name, at: position(name, index) }));
  return keyed.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

/** The counter that PyTorch keeps behind a running variance. */
function counterOf(name: string): string | undefined {
  return name.endsWith('.running_var') ? name.replace(/running_var$/, 'num_batches_tracked') : undefined;
}

function misfit(name: string, given: Tensor | undefined, wanted: Tensor): string[] {
  if (!given) return [];
  if (given.type !== wanted.type) return [`${name} (${given.type}, expected ${wanted.type})`];
  return given.dims.join() === wanted.dims.join() ? [] : [`${name} ([${given.dims.join(', ')}], expected [${wanted.dims.join(', ')}])`];
}

/** `lacks a, b, c and 4 more`; empty where there are no names. */
export function complaint(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length - LISTED;
  return `${what} ${names.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
