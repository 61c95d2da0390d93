import { UserError } from '../core/errors.js';

/** A row of one of GTSRB's tables. */
export interface GtsrbRow {
  /** File name of the picture, without a folder. */
  readonly name: string;
  readonly label: number;
}

const header = ['Filename', 'Width', 'Height', 'Roi.X1', 'Roi.Y1', 'Roi.X2', 'Roi.Y2', 'ClassId'];

/**
 * Parses a table of GTSRB's pictures: values with semicolons between them, below a line of headings. The frame around the sign
 * is left out, as the whole picture is used.
 * @param classes K; labels must be in 0..K-1.
 * @param file its name, for messages.
 * @throws UserError with the line when it is anything else; the test set's other table, which has no labels, is refused too.
 */
export function parseGtsrbCsv(bytes: Uint8Array, classes: number, file: string): GtsrbRow[] {
  const [first, ...lines] = new TextDecoder().decode(bytes).trimEnd().split(/\r?\n/);
  if (first.split(';').join() !== header.join()) {
    throw new UserError(`'${file}' is no table of GTSRB's labels: line 1 is not '${header.join(';')}'; get the published file`);
  }
  return lines.map((line, i) => {
    const cells = line.split(';');
    const [name, label] = [cells[0], cells[7]];
    if (cells.length === header.length && /^[\w-]+\.ppm$/.test(name) && /^\d{1,3}$/.test(label) && Number(label) < classes) {
      return { name, label: Number(label) };
    }
    throw new UserError(`'${file}' is damaged in line ${i + 2}: it gives no picture and class from 0 to ${classes - 1}; get it again`);
  });
}
