import { describePixels } from './convention.js';
import { describeHead } from './head.js';
import type { Imported } from './import.js';

/**
 * What whoever runs the program should hear about a file: what was guessed, and what was changed so that it can be used. One
 * line each.
 */
export function notesOn({ classifier, head, body }: Imported): string[] {
  const { convention, file, input } = classifier.origin;
  const lines = [pixels(convention)];
  if (head.squashing !== 'none') lines.push(`gives ${describeHead(head)}`);
  if (body.fixed)
    lines.push(
      `takes ${classifier.batch} at a time and no other number, so it can be measured but not repaired; export it with a batch size left open`,
    );
  else if (body.rewritten.length > 0)
    lines.push(
      `is made for a batch of ${input.dims?.[0]}; it takes any number of images after a change of ${list(body.rewritten)}, in memory alone`,
    );
  return lines.map((line) => `${file.name}: ${line}`);
}

function pixels(convention: Imported['classifier']['origin']['convention']): string {
  const { basis, reason } = convention;
  const taken = `is given ${describePixels(convention)}`;
  if (basis === 'given') return taken;
  if (basis === 'file') return `${taken}, as ${reason}`;
  return `${taken}, but ${reason} which pixels it wants; if the model was trained on others, say so with --scale, --mean and --std`;
}

function list(names: readonly string[]): string {
  const [first, ...others] = names;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
