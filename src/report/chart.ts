import { type Html, html } from './markup.js';
import type { Scale } from './scale.js';

/** The place of a line among the lines of a chart: decides its colour, dashes and marks. */
export type Style = 'before' | 'ft' | 'after';

/** A line of a chart. */
export interface Series {
  readonly style: Style;
  readonly points: readonly { readonly x: number; readonly y: number; readonly tooltip: string }[];
}

/** A line chart. */
export interface LineChart {
  /** The chart in a sentence, for readers who do not see it. */
  readonly description: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly xLabel: string;
  readonly tick: (value: number) => string;
  readonly series: readonly Series[];
}

const width = 280;
const height = 176;
const plot = { left: 38, right: 274, top: 8, bottom: 134 };

/** Draws lines over two marked axes. Scales to the width it is given. */
export function lineChart(chart: LineChart): Html {
  const left = (value: number) => round(plot.left + chart.x.at(value) * (plot.right - plot.left));
  const top = (value: number) => round(plot.bottom - chart.y.at(value) * (plot.bottom - plot.top));
  const rows = chart.y.ticks.map(
    (tick) => html`<path class="grid" d="M${plot.left} ${top(tick)}H${plot.right}"/>
<text x="${plot.left - 7}" y="${top(tick) + 4}" text-anchor="end">${chart.tick(tick)}</text>`,
  );
  const columns = chart.x.ticks.map(
    (tick) => html`<path class="axis" d="M${left(tick)} ${plot.bottom}v4"/>
<text x="${left(tick)}" y="${plot.bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${chart.description}">
${rows}<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>${columns}
<text x="${(plot.left + plot.right) / 2}" y="${height - 5}" text-anchor="middle">${chart.xLabel}</text>
${chart.series.map((series) => line(series, left, top))}</svg>`;
}

function line({ style, points }: Series, left: (value: number) => number, top: (value: number) => number): Html {
  const path = points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${left(x)} ${top(y)}`).join('');
  const marks = points.map(
    ({ x, y, tooltip }) => html`<path transform="translate(${left(x)} ${top(y)})" d="${markOf[style]}"><title>${tooltip}</title></path>`,
  );
  return html`<g class="series ${style}"><path class="line" d="${path}"/>${points.length <= 60 && marks}</g>`;
}

/** Marks around the origin, of about equal area: disc, square, diamond. */
const markOf: Record<Style, string> = {
  before: 'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z',
  ft: 'M-3.2-3.2h6.4v6.4h-6.4z',
  after: 'M0-4.6L4.6 0L0 4.6L-4.6 0z',
};

/** A short piece of a line with its mark, for legends. */
export function lineSample(style: Style): Html {
  return html`<svg class="key" width="30" height="12" viewBox="-15 -6 30 12" aria-hidden="true"><g class="series ${style}"><path class="line" d="M-14 0H14"/><path d="${markOf[style]}"/></g></svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
