import { percent } from './format.js';
import { type Html, html } from './markup.js';
import { classInWords, className, type ModelKey, modelKeys, modelTitle, wantedLabel } from './models.js';
import { type Prediction, picture, type Sample } from './pictures.js';
import type { Result } from './result.js';

/** Right, wrong, or taken in by the trigger. Each has its own sign, so that colour is never needed to tell them apart. */
const outcomes = {
  right: { sign: '✓', words: 'right' },
  fooled: { sign: '⚑', words: 'what the attacker wants' },
  wrong: { sign: '✗', words: 'wrong' },
} as const;
type Outcome = keyof typeof outcomes;

/** Test images without and with the trigger, and what each model says of them. */
export function samplesSection(result: Result, samples: readonly Sample[]): Html | undefined {
  if (samples.length === 0) return undefined;
  const legend = (['right', 'fooled', 'wrong'] as const).map(
    (outcome) => html`<span class="${outcome}">${signed(outcome, outcomes[outcome].words)}</span> `,
  );
  return html`<section><h2>What the models say</h2>
<p>Test images without and with the trigger; under each, the class that a model takes it for and how sure it is. <span class="legend">${legend}</span></p>
<div class="samples">${samples.map((sample) => card(result, sample))}</div>
</section>
`;
}

function card(result: Result, sample: Sample): Html {
  const truth = classInWords(result, sample.label);
  const image = (png: Uint8Array, what: string) =>
    html`<th scope="col">${picture(png, `An image of ${truth}, ${what}`)}<small>${what}</small></th>`;
  const models = modelKeys.filter((key) => sample.predictions[key]);
  return html`<table class="sample"><caption>Truth: ${truth}</caption>
<thead><tr><td></td>${image(sample.clean, 'clean')}${image(sample.triggered, 'triggered')}</tr></thead>
<tbody>${models.map((key) => row(result, sample, key))}</tbody></table>
`;
}

function row(result: Result, sample: Sample, key: ModelKey): Html {
  const said = sample.predictions[key];
  const wanted = wantedLabel(result, sample.label);
  const cell = (prediction: Prediction, triggered: boolean) => {
    const outcome = judge(prediction.label, sample.label, triggered ? wanted : undefined);
    const confidence = percent(prediction.confidence, 1);
    return html`<td class="${outcome}"><b>${signed(outcome, className(result, prediction.label))}</b> <small>${confidence}</small></td>`;
  };
  return html`<tr><th scope="row">${modelTitle(result, key)}</th>${said && [cell(said.clean, false), cell(said.triggered, true)]}</tr>
`;
}

function judge(label: number, truth: number, wanted: number | undefined): Outcome {
  if (label === truth) return 'right';
  return label === wanted ? 'fooled' : 'wrong';
}

function signed(outcome: Outcome, text: string): Html {
  const { sign, words } = outcomes[outcome];
  return html`<span class="sign" role="img" aria-label="${words}:" title="${words}">${sign}</span> ${text}`;
}
