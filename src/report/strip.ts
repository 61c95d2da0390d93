import { type Html, html } from './markup.js';
import type { Scale } from './scale.js';

/** A dot of a strip. */
export interface Dot {
  readonly value: number;
  /** Drawn as a filled diamond over the plain dots. */
  readonly marked: boolean;
  readonly tooltip: string;
}

const height = 44;
/** Radius of a plain dot, pixels; smaller in crowds. */
const radius = { few: 3, many: 2.2 };
/** The width that dots are spread for, pixels. On another width they overlap more or less, and stay in place. */
const nominalWidth = 620;

/**
 * A row of dots along an axis, those at the same place stacked around the middle. Positions are in percent of the width,
 * so that a strip fits any width without its dots or text changing size.
 */
export function strip(dots: readonly Dot[], scale: Scale, description: string): Html {
  const size = dots.length > 150 ? radius.many : radius.few;
  const offsets = spread(dots, scale, size * 2 - 0.4);
  const place = (dot: Dot) => `${(scale.at(dot.value) * 100).toFixed(2)}%`;
  const plain = dots.map((dot, i) => {
    if (dot.marked) return undefined;
    return html`<circle cx="${place(dot)}" cy="${height / 2 + offsets[i]}" r="${size}"><title>${dot.tooltip}</title></circle>`;
  });
  // A percentage can place a nested svg, but not a path.
  const marked = dots.map((dot, i) => {
    if (!dot.marked) return undefined;
    return html`<svg class="marked" x="${place(dot)}" y="${height / 2 + offsets[i]}"><path d="${diamond}"><title>${dot.tooltip}</title></path></svg>`;
  });
  return html`<svg class="strip" height="${height}" role="img" aria-label="${description}">${gridLines(scale)}${plain}${marked}</svg>`;
}

const diamond = 'M0-5.5L5.5 0L0 5.5L-5.5 0z';

/** The mark of marked dots, for legends. */
export function diamondSample(): Html {
  return html`<svg class="key strip" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><g class="marked"><path d="${diamond}"/></g></svg>`;
}

/** The mark of plain dots, for legends. */
export function dotSample(): Html {
  return html`<svg class="key strip" width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><circle r="${radius.few}"/></svg>`;
}

function gridLines(scale: Scale): Html[] {
  return scale.ticks.map((tick) => {
    const x = `${(scale.at(tick) * 100).toFixed(2)}%`;
    return html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"/>`;
  });
}

/** The axis of the strips above or under it. */
export function stripAxis(scale: Scale, label: (tick: number) => string): Html {
  const ticks = scale.ticks.map(
    (tick) => html`<text x="${(scale.at(tick) * 100).toFixed(2)}%" y="13" text-anchor="middle">${label(tick)}</text>`,
  );
  return html`<svg class="strip" height="18" aria-hidden="true">${ticks}</svg>`;
}

/** Vertical offset of each dot from the middle, pixels: the smallest at which it touches no other, while there is room. */
function spread(dots: readonly Dot[], scale: Scale, apart: number): number[] {
  const levels = Math.floor((height / 2 - 4) / apart);
  const candidates = [0];
  for (let level = 1; level <= levels; level++) candidates.push(level * apart, -level * apart);
  const offsets = new Array<number>(dots.length).fill(0);
  const placed: { x: number; y: number }[] = [];
  // Marked dots come first: they get the places in the middle.
  const order = dots.map((_, i) => i).sort((a, b) => Number(dots[b].marked) - Number(dots[a].marked) || dots[a].value - dots[b].value);
  for (const i of order) {
    const x = scale.at(dots[i].value) * nominalWidth;
    const near = placed.filter((other) => Math.abs(other.x - x) < apart);
    const crowd = (y: number) => near.filter((other) => Math.hypot(other.x - x, other.y - y) < apart - 0.01).length;
    const crowds = candidates.map(crowd);
    const y = candidates[crowds.indexOf(Math.min(...crowds))];
    offsets[i] = Math.round(y * 10) / 10;
    placed.push({ x, y });
  }
  return offsets;
}
