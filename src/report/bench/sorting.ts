import { sha256 } from '../../core/hash.js';

/**
 * Sorts tables by a column when the button in its head is pressed: numbers by value, words by letter, what is missing
 * always last; pressed again, the other way round.
 */
export const script = `
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  for (const [column, head] of heads.entries()) {
    head.querySelector('button').addEventListener('click', () => {
      const state = head.getAttribute('aria-sort');
      const first = head.dataset.first || 'ascending';
      const other = first === 'ascending' ? 'descending' : 'ascending';
      const order = state === first ? other : first;
      for (const each of heads) each.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === '' || y === '') return (x === '') - (y === '');
        const difference = head.dataset.kind === 'number' ? Number(x) - Number(y) : x.localeCompare(y);
        return sign * difference;
      };
      body.append(...[...body.rows].sort(compare));
    });
  }
}
`;

/** What a page's policy calls the script. */
export async function scriptHash(): Promise<string> {
  const digits = await sha256(new TextEncoder().encode(script));
  const bytes = digits.match(/../g)?.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))) ?? [];
  return `sha256-${btoa(bytes.join(''))}`;
}
