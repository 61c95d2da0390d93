import { UserError } from '../../core/errors.js';
import type { Graph } from '../../onnx/graph.js';
import { freeBatch } from './free-batch.js';

/** A file's graph in the form that is used, for any number of images or for one number alone. */
export interface Body {
  readonly graph: Graph;
  /** Whether it takes the file's batch size and no other. */
  readonly fixed: boolean;
  /** Nodes that were rewritten so that it takes any number, in words. */
  readonly rewritten: readonly string[];
}

/**
 * Tries forms of a graph until one gives what the file gives: as it is, rewritten for any batch size in one way and in the
 * other, and as a last resort with the file's batch size alone.
 * @param traced the graph with complete `types` for `batch` images.
 * @param agrees runs a form with so many images, and compares.
 * @throws UserError when none does.
 */
export async function chooseBody(
  graph: Graph,
  traced: Graph,
  batch: number,
  agrees: (body: Graph, images: number) => Promise<boolean>,
  file: string,
): Promise<Body> {
  const other = batch === 2 ? 3 : 2;
  const forms = [
    () => ({ graph, rewritten: [] }),
    ...(['first', 'last'] as const).map((prefer) => () => freeBatch({ ...traced, inputs: graph.inputs }, batch, prefer)),
  ];
  for (const make of forms) {
    const form = make();
    if (await holds(() => agrees(form.graph, other))) return { ...form, fixed: false };
  }
  if (await agrees(graph, batch)) return { graph, fixed: true, rewritten: [] };
  throw new UserError(
    `${file}: gives other results once it is brought into the form that is used here; it cannot be used, please report this`,
  );
}

/** A form that ONNX Runtime refuses is no form. */
async function holds(attempt: () => Promise<boolean>): Promise<boolean> {
  try {
    return await attempt();
  } catch {
    return false;
  }
}
