/** Where a generated table stands in a page. */
const [START, END] = ['<!-- table -->\n', '<!-- end of table -->'];

/** A page of the documentation with another table in the place for one. Throws where it has none. */
export function withTable(page: string, table: string): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the page has no place for the table, ${START.trim()} to ${END}`);
  return page.slice(0, start + START.length) + table + page.slice(end);
}

/** A table in Markdown, each line with its end. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
