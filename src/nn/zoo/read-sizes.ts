import type { Shapes, Sizes } from './architecture.js';

/** Names in a state dictionary from which the sizes of a network can be read. */
export interface TellingNames {
  /** Weight of the first convolution, [width, channels, k, k]. */
  readonly stem: string;
  /** Weight of the last linear layer, [classes, features]. */
  readonly head: string;
  /** Matches names of blocks; its groups are the stage, where there are several, and the block. Both are counted from the lowest. */
  readonly block?: RegExp;
}

/** Reads the sizes of a network of stages of blocks off the shapes of its state dictionary. */
export function readSizes(shapes: Shapes, { stem, head, block }: TellingNames): Sizes {
  const [width, channels] = shapes.get(stem) ?? [];
  const [classes] = shapes.get(head) ?? [];
  const depths = block && countBlocks(shapes, block);
  return {
    ...(width !== undefined && { width }),
    ...(channels !== undefined && { channels }),
    ...(classes !== undefined && { classes }),
    ...(depths !== undefined && depths.length > 0 && { depths }),
  };
}

/** How many blocks each stage has, by the names of what is in them. */
export function countBlocks(shapes: Shapes, block: RegExp): number[] {
  const stages = new Map<number, Set<string>>();
  for (const name of shapes.keys()) {
    const groups = block.exec(name)?.slice(1);
    if (!groups) continue;
    const [stage, index] = groups.length > 1 ? [Number(groups[0]), groups[1]] : [0, groups[0]];
    stages.set(stage, (stages.get(stage) ?? new Set()).add(index));
  }
  return [...stages].sort(([a], [b]) => a - b).map(([, blocks]) => blocks.size);
}
