import { counted, integer, percent, points } from './format.js';
import { type Content, type Html, html } from './markup.js';
import { goalInWords, type ScoredModel, scoredModels } from './models.js';
import type { Result } from './result.js';

const measures = ['acc', 'asr', 'ra'] as const;
type Measure = (typeof measures)[number];

const headings: Record<Measure, { readonly name: string; readonly better: string }> = {
  acc: { name: 'ACC', better: 'higher is better' },
  asr: { name: 'ASR', better: 'lower is better' },
  ra: { name: 'RA', better: 'higher is better' },
};

/** The table of scores: a row for each model, with bars, and the definitions under it. */
export function numbersSection(result: Result): Html | undefined {
  const models = scoredModels(result);
  if (models.length === 0) return undefined;
  const columns = measures.filter((measure) => models.some(({ scores }) => scores[measure] !== undefined));
  const head = columns.map((measure) => {
    const { name, better } = headings[measure];
    return html`<th scope="col"><abbr title="${definition(result, measure)}">${name}</abbr> <small>${better}</small></th>`;
  });
  return html`<section><h2>Results</h2>
<table class="scores"><thead><tr><th scope="col"><span class="hidden">Model</span></th>${head}</tr></thead>
<tbody>${models.map((model) => row(model, columns, models))}</tbody></table>
<dl class="terms">${columns.map((measure) => html`<div><dt>${headings[measure].name}</dt><dd>${definition(result, measure)}</dd></div>`)}${models.length > 1 && models[0].key === 'before' && html`<div><dt>±</dt><dd>Change against before the repair, in percentage points.</dd></div>`}</dl>
</section>
`;
}

function row(model: ScoredModel, columns: readonly Measure[], models: readonly ScoredModel[]): Html {
  const reference = model.key === 'before' ? undefined : models.find(({ key }) => key === 'before');
  return html`<tr class="${model.key}"><th scope="row">${model.title}</th>${columns.map((measure) => cell(model, measure, reference))}</tr>
`;
}

function cell({ scores }: ScoredModel, measure: Measure, reference: ScoredModel | undefined): Html {
  const share = scores[measure];
  if (share === undefined) return html`<td>–</td>`;
  const from = reference?.scores[measure];
  const images = measure === 'acc' ? scores.images?.clean : scores.images?.triggered;
  const change = from !== undefined && html`<span class="change">${points(share - from)}</span>`;
  return html`<td><span class="value">${percent(share)}</span> ${change}
<span class="bar"><i style="width:${(share * 100).toFixed(2)}%"></i></span>
${images !== undefined && html`<small>${integer(share * images)} of ${counted(images, 'image')}</small>`}</td>`;
}

function definition(result: Result, measure: Measure): Content {
  if (measure === 'acc') return 'Accuracy: share of clean test images classified as labelled.';
  // The triggered test set leaves out what is of the target class anyway: to get that right is no success of the attack.
  const target = result.attack?.labelMap?.kind === 'all-to-one' && `, none of them truly ${goalInWords(result)}`;
  if (measure === 'asr') return `Attack success rate: share of triggered test images classified as ${goalInWords(result)}${target || ''}.`;
  return 'Robust accuracy: share of the same triggered images classified as what they really are.';
}
