import { UserError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import { shapesOnly } from '../init.js';
import { complaint, stateDict } from '../state-dict.js';
import type { Architecture, Shapes, Sizes } from './architecture.js';
import { architectures, findArchitecture } from './registry.js';

/** How a state dictionary compares with a network of the zoo. */
export interface Match {
  readonly architecture: Architecture;
  /** What the network has to be built with for the dictionary. */
  readonly sizes: Sizes;
  /** Names of the network that the dictionary lacks. */
  readonly missing: readonly string[];
  /** Names of the dictionary that the network has not. */
  readonly unexpected: readonly string[];
  /** Names that both have, with their shapes in either: `fc.weight ([10, 64], expected [10, 512])`. */
  readonly misshapen: readonly string[];
  /** Tensors that fit, as a share of all names of either side, 0..1. */
  readonly share: number;
}

/** Below it no network is worth being named as the nearest. */
const WORTH_NAMING = 0.2;
const COUNTER = /(^|\.)num_batches_tracked$/;

/**
 * Compares a state dictionary with every network of the zoo by names and shapes. Width, depths, classes and channels are read off the
 * shapes, so that a narrower or deeper variant of a network is found, too.
 * @param shapes without prefixes such as `module.`.
 * @returns best match first; of equally good ones that whose own width and depths it has, then the first of the
 *   zoo. Networks that the shapes cannot be of at all are left out.
 */
export function matchArchitectures(shapes: Shapes): Match[] {
  const matches = architectures.flatMap((architecture) => compareWith(architecture, shapes) ?? []);
  return matches.sort((a, b) => b.share - a.share || ownSizes(b) - ownSizes(a));
}

/** How many of width and depths are the network's own. */
function ownSizes({ architecture, sizes }: Match): number {
  const isOwnWidth = (sizes.width ?? architecture.width) === architecture.width;
  const isOwnDepth = (sizes.depths ?? architecture.depths)?.join() === architecture.depths?.join();
  return Number(isOwnWidth) + Number(isOwnDepth);
}

/**
 * The network of the zoo that a state dictionary was saved from.
 * @param name of the network, where it is known; default: the one that fits.
 * @param file for messages.
 * @throws UserError when none fits, naming the nearest and what is in the way.
 */
export function findMatch(tensors: ReadonlyMap<string, Tensor>, file: string, name?: string): Match {
  const shapes = shapesOf(tensors);
  if (name !== undefined) {
    const match = compareWith(findArchitecture(name), shapes);
    if (match?.share === 1) return match;
    throw new UserError(
      `${file}: is no state dictionary of ${name}: ${match ? differences(match) : 'its first or last layer is not there'}`,
    );
  }
  const [best] = matchArchitectures(shapes);
  if (best?.share === 1) return best;
  const known = 'docs/models.md lists the networks that are known; export others to ONNX';
  if (!best || best.share < WORTH_NAMING)
    throw new UserError(`${file}: its ${tensors.size} tensors are of no network that is known; ${known}`);
  throw new UserError(`${file}: is nearest to ${best.architecture.name}, but ${differences(best)}; ${known}`);
}

/** What is in the way of a match, in words; empty where nothing is. */
export function differences({ missing, unexpected, misshapen }: Match): string {
  const parts = [
    complaint('it lacks', missing),
    complaint('it has the unexpected', unexpected),
    complaint('it does not fit in', misshapen),
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** Shapes by today's names; counters of batches are left out, as nothing depends on them. */
function shapesOf(tensors: ReadonlyMap<string, Tensor>): Shapes {
  return new Map([...tensors].flatMap(([name, { dims }]) => (COUNTER.test(name) ? [] : [[name, dims] as const])));
}

function compareWith(architecture: Architecture, given: Shapes): Match | undefined {
  const shapes = architecture.rename ? new Map([...given].map(([name, dims]) => [renamed(architecture, name), dims])) : given;
  const sizes = architecture.read(shapes);
  const wanted = wantedShapes(architecture, sizes);
  if (!wanted) return undefined;
  const missing = [...wanted.keys()].filter((name) => !shapes.has(name));
  const unexpected = [...shapes.keys()].filter((name) => !wanted.has(name));
  const misshapen = [...wanted].flatMap(([name, dims]) => {
    const found = shapes.get(name);
    return !found || found.join() === dims.join() ? [] : [`${name} ([${found.join(', ')}], expected [${dims.join(', ')}])`];
  });
  const fitting = wanted.size - missing.length - misshapen.length;
  return { architecture, sizes, missing, unexpected, misshapen, share: fitting / (wanted.size + unexpected.length) };
}

/** Shapes of the network that is built with what could be read; undefined where that does not suffice or cannot be built. */
function wantedShapes(architecture: Architecture, sizes: Sizes): Shapes | undefined {
  const { channels, classes } = sizes;
  if (!channels || !classes || !Number.isInteger(sizes.imageSize ?? 1)) return undefined;
  const still = { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
  try {
    const network = architecture.build({ ...buildSizes(architecture, sizes), ...still, classes, parameters: shapesOnly() });
    return shapesOf(stateDict(network));
  } catch (error) {
    // Sizes that were read off another network's tensors need not go together.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** What {@link Architecture.build} takes of the sizes that were read. @param imageSize where the network takes any. */
export function buildSizes({ imageShape }: Architecture, sizes: Sizes, imageSize?: number) {
  const { channels = imageShape[0], width, depths, details } = sizes;
  const side = sizes.imageSize ?? imageSize;
  return {
    imageShape: [channels, side ?? imageShape[1], side ?? imageShape[2]] as const,
    ...(width !== undefined && { width }),
    ...(depths !== undefined && { depths }),
    ...(details !== undefined && { details }),
  };
}

/** A tensor's name as the network has it today. */
export function renamed({ rename }: Architecture, name: string): string {
  return rename?.(name) ?? name;
}
