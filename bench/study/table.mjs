// A study's results as a Markdown table: mean (lowest to highest) over seeds, and over draws where there are several.

/** One row for each attack and variant; variants that differ only in `#draw` are one. */
export function table(cells, plan) {
  const rows = [
    '| attack | repair | runs | maps | hit rate | correlation | ACC | ASR | RA |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  const base = (name) => name.replace(/ #\d+$/, '');
  const names = [...new Set(plan.map(({ name }) => base(name)))];
  for (const attack of new Set(cells.map((cell) => cell.attack))) {
    for (const name of names) {
      const group = cells.filter((cell) => cell.attack === attack && base(cell.name) === name);
      if (group.length === 0) continue;
      const of = (figure, factor, digits) =>
        spread(
          group.map((cell) => cell[figure]).filter((value) => value !== undefined),
          factor,
          digits,
        );
      const figures = [of('hit', 100, 0), of('rho', 1, 2), of('acc', 100, 1), of('asr', 100, 1), of('ra', 100, 1)];
      rows.push(`| ${attack} | ${name} | ${group.length} | ${group[0].maps ?? 0} | ${figures.join(' | ')} |`);
    }
  }
  return rows.join('\n');
}

function spread(values, factor, digits) {
  if (values.length === 0) return '';
  const show = (value) => (factor * value).toFixed(digits);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const range = values.length > 1 ? ` (${show(Math.min(...values))} to ${show(Math.max(...values))})` : '';
  return show(mean) + range;
}
