import { counted, figure, percent, percentRange } from './format.js';
import { type Content, type Html, html } from './markup.js';
import { modelTitle } from './models.js';
import type { MapRecord, Result } from './result.js';
import { roundScale, type Scale } from './scale.js';
import { diamondSample, dotSample, strip, stripAxis } from './strip.js';

type Layer = readonly [name: string, maps: readonly MapRecord[]];

/** Every feature map that the defence looked at, layer by layer, and which it pruned. */
export function mapsSection(result: Result): Html | undefined {
  const layers: Layer[] = Object.entries(result.defense?.maps ?? {}).filter(([, maps]) => maps.length > 0);
  const pruned = Object.entries(result.pruned ?? {}).filter(([, channels]) => channels.length > 0);
  if (layers.length === 0 && !result.pruned) return undefined;
  return html`<section><h2>Feature maps</h2>
${layers.length > 0 && pictured(layers)}
${result.pruned && prunedTable(modelTitle(result, 'after'), pruned, new Map(layers))}
${layers.length > 0 && details(layers)}
</section>
`;
}

function pictured(layers: readonly Layer[]): Html {
  const total = layers.reduce((sum, [, maps]) => sum + maps.length, 0);
  const values = layers.flatMap(([, maps]) => maps.flatMap(({ suspicion }) => suspicion ?? []));
  const scanned = layers.some(([, maps]) => maps.some(({ accuracy }) => accuracy !== undefined));
  const own = values.length > 0 && !(scanned && followsAccuracy(layers));
  const count = html`${counted(total, 'map')} in ${counted(layers.length, 'layer')}, in forward order. ${legend()}`;
  return html`${
    scanned &&
    html`<p>Accuracy of the whole network on the scan images while one feature map is disturbed.
The further left, the more the network relies on something a small disturbance can set off. ${count}</p>
${panel(
  layers,
  roundScale(0, 1, 5),
  (map) => map.accuracy ?? null,
  (share) => percent(share, 0),
  'accuracy',
)}`
  }
${
  own &&
  html`<p>Suspicion: what maps are ranked by within their layer.${scanned && ' Here it is not simply the accuracy turned round.'} ${scanned ? legend() : count}</p>
${panel(layers, roundScale(Math.min(...values), Math.max(...values), 5), (map) => map.suspicion, figure, 'suspicion')}`
}`;
}

function legend(): Html {
  return html`<span class="legend"><span>${diamondSample()} pruned</span> <span>${dotSample()} kept</span></span>`;
}

function panel(
  layers: readonly Layer[],
  scale: Scale,
  measure: (map: MapRecord) => number | null,
  say: (value: number) => string,
  what: string,
): Html {
  const axis = html`<div class="layer ruler"><span></span>${stripAxis(scale, say)}<span></span></div>`;
  const rows = layers.map(([name, maps]) => {
    const dots = maps.flatMap((map) => {
      const value = measure(map);
      return value === null ? [] : [{ value, marked: map.pruned, tooltip: tooltip(name, map) }];
    });
    const sorted = dots.map((dot) => dot.value).sort((a, b) => a - b);
    const range = sorted.length > 0 ? `, ${what} from ${say(sorted[0])} to ${say(sorted[sorted.length - 1])}` : '';
    const number = maps.filter((map) => map.pruned).length;
    const description = `${name}: ${counted(maps.length, 'feature map')}${range}; ${number} pruned`;
    return html`<div class="layer"><code>${breakable(name)}</code>${strip(dots, scale, description)}<small>${number} of ${maps.length}</small></div>
`;
  });
  return html`<div class="layers">${axis}${rows}${axis}</div>`;
}

function tooltip(layer: string, map: MapRecord): string {
  const state = map.pruned ? 'pruned' : 'kept';
  return `${layer}, channel ${map.channel} (${state}): ${looks(map)}suspicion ${figure(map.suspicion)}`;
}

/** What the scan said of a map, where there was one. */
function looks({ accuracy, loss = null }: MapRecord): string {
  return accuracy === undefined ? '' : `accuracy ${percent(accuracy)}, loss ${figure(loss)}, `;
}

/** Whether suspicion says no more than low accuracy does: the same order in every layer, the same ties. Then one picture shows both. */
function followsAccuracy(layers: readonly Layer[]): boolean {
  return layers.every(([, maps]) => {
    const sorted = [...maps].sort((a, b) => (a.accuracy ?? 0) - (b.accuracy ?? 0) || (b.suspicion ?? 0) - (a.suspicion ?? 0));
    return sorted.every((map, i) => {
      if (i === 0) return true;
      const rise = (map.suspicion ?? 0) - (sorted[i - 1].suspicion ?? 0);
      return map.accuracy === sorted[i - 1].accuracy ? Math.abs(rise) <= 1e-12 : rise <= 1e-12;
    });
  });
}

function prunedTable(
  name: string,
  pruned: readonly (readonly [string, readonly number[]])[],
  layers: ReadonlyMap<string, readonly MapRecord[]>,
): Html {
  if (pruned.length === 0) return html`<p>${name} pruned no feature map.</p>`;
  const rows = pruned.map(([layer, channels]) => {
    const maps = layers.get(layer);
    const accuracies = (maps ?? []).filter((map) => map.pruned).flatMap((map) => map.accuracy ?? []);
    const range = accuracies.length > 0 && percentRange(Math.min(...accuracies), Math.max(...accuracies));
    const share = maps ? `${channels.length} of ${maps.length}` : channels.length;
    return html`<tr><th scope="row"><code>${breakable(layer)}</code></th><td>${share}</td><td>${range}</td><td class="channels">${channels.join(', ')}</td></tr>
`;
  });
  return html`<table class="plain"><caption>Pruned by ${name}</caption>
<thead><tr><th scope="col">Layer</th><th scope="col">Pruned</th><th scope="col">Accuracy</th><th scope="col">Channels</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

function details(layers: readonly Layer[]): Html {
  const row = (name: string, map: MapRecord) =>
    html`<tr><td>${name}</td><td>${map.channel}</td><td>${map.accuracy === undefined ? '–' : percent(map.accuracy)}</td><td>${figure(map.loss ?? null)}</td><td>${figure(map.suspicion)}</td><td>${map.pruned && '◆ pruned'}</td></tr>
`;
  return html`<details><summary>All feature maps as a table</summary><table class="plain">
<thead><tr>${['Layer', 'Channel', 'Accuracy', 'Loss (nats)', 'Suspicion', ''].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${layers.map(([name, maps]) => maps.map((map) => row(name, map)))}</tbody></table></details>`;
}

/** A layer's name that may be broken after its dots and slashes. */
function breakable(name: string): Content {
  return name.split(/(?<=[./])/).map((part) => html`${part}<wbr>`);
}
