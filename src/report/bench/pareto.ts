import { percent } from '../format.js';
import { type Html, html } from '../markup.js';
import { roundScale, type Scale } from '../scale.js';
import type { Average } from './table.js';

interface Point {
  readonly name: string;
  /** Percent. */
  readonly asr: number;
  readonly acc: number;
}

const width = 520;
const height = 320;
const plot = { left: 46, right: 404, top: 28, bottom: 272 };

/** ASR against ACC of every defence, a plot for each data set and model; nothing where there is nothing to compare. */
export function paretoSection(averages: readonly Average[]): Html | undefined {
  const groups = new Map<string, Average[]>();
  for (const row of averages) {
    const key = `${row.data}, ${row.model}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const plots = [...groups].flatMap(([title, rows]) => {
    const points = rows.flatMap(({ defense: name, scores: { acc, asr } }) =>
      acc && asr ? [{ name, asr: asr.mean * 100, acc: acc.mean * 100 }] : [],
    );
    return points.length > 1 ? [html`<figure><figcaption>${title}</figcaption>${draw(points)}</figure>`] : [];
  });
  if (plots.length === 0) return undefined;
  return html`<section><h2>What is left of the attack, against what it costs in accuracy</h2>
<p>Averages over attacks; up and to the left is better. Filled: no other defence is better in one and as good in the other.</p>
<div class="pareto">${plots}</div></section>
`;
}

/** Points that no other one beats: another is as good in both and better in one. By ascending ASR. */
export function paretoFront<T extends Pick<Point, 'asr' | 'acc'>>(points: readonly T[]): T[] {
  const beats = (a: T, b: T) => a.asr <= b.asr && a.acc >= b.acc && (a.asr < b.asr || a.acc > b.acc);
  return points.filter((point) => !points.some((other) => beats(other, point))).sort((a, b) => a.asr - b.asr || a.acc - b.acc);
}

function draw(points: readonly Point[]): Html {
  const [x, y] = (['asr', 'acc'] as const).map((key) => {
    const values = points.map((point) => point[key]);
    return roundScale(Math.min(...values), Math.max(...values));
  });
  const left = (value: number) => round(plot.left + x.at(value) * (plot.right - plot.left));
  const top = (value: number) => round(plot.bottom - y.at(value) * (plot.bottom - plot.top));
  const front = paretoFront(points);
  const labels = spreadOut(points.map((point) => ({ point, at: top(point.acc) })));
  const path = front.map(({ asr, acc }, i) => `${i === 0 ? 'M' : 'L'}${left(asr)} ${top(acc)}`).join('');
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="ACC against ASR of ${points.length} rows">
${y.ticks.map((tick) => html`<path class="grid" d="M${plot.left} ${top(tick)}H${plot.right}"/><text x="${plot.left - 7}" y="${top(tick) + 4}" text-anchor="end">${tickText(tick, y)}</text>`)}
<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>
${x.ticks.map((tick) => html`<path class="axis" d="M${left(tick)} ${plot.bottom}v4"/><text x="${left(tick)}" y="${plot.bottom + 18}" text-anchor="middle">${tickText(tick, x)}</text>`)}
<text x="${(plot.left + plot.right) / 2}" y="${height - 8}" text-anchor="middle">ASR, %</text><text x="${plot.left - 30}" y="${plot.top - 14}">ACC, %</text>
<path class="front" d="${path}"/>
${labels.map(({ point, at }) => html`<g class="${front.includes(point) && 'best'}"><path class="grid" d="M${left(point.asr)} ${top(point.acc)}L${plot.right + 8} ${at}"/><circle cx="${left(point.asr)}" cy="${top(point.acc)}" r="4"><title>${point.name}: ASR ${percent(point.asr / 100)}, ACC ${percent(point.acc / 100)}</title></circle><text x="${plot.right + 12}" y="${at + 4}">${point.name}</text></g>`)}</svg>`;
}

/** Labels stand beside the plot, each as near to its point's height as the others let it. */
function spreadOut<T extends { readonly at: number }>(labels: readonly T[]): T[] {
  const line = 14;
  const placed: T[] = [];
  for (const label of [...labels].sort((a, b) => a.at - b.at)) {
    const last = placed[placed.length - 1];
    placed.push({ ...label, at: Math.max(label.at, last ? last.at + line : plot.top) });
  }
  return placed;
}

function tickText(tick: number, { ticks }: Scale): string {
  const step = ticks[1] - ticks[0];
  return tick.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
