import { lineChart, lineSample, type Style } from './chart.js';
import { figure, percent } from './format.js';
import { type Html, html } from './markup.js';
import { methodTitle, modelTitle } from './models.js';
import type { HistoryRecord, Result } from './result.js';
import { roundScale, wholeScale } from './scale.js';

interface Run {
  readonly title: string;
  readonly style: Style;
  readonly epochs: readonly HistoryRecord[];
}

/** Loss and accuracy by epoch: the backdoored model's training, and beside it the defences' fine-tuning. */
export function curvesSection(result: Result): Html | undefined {
  const runs = Object.entries(result.history ?? {}).filter(([, epochs]) => epochs.length > 0);
  if (runs.length === 0) return undefined;
  const named = (keep: (key: string) => boolean) =>
    runs.filter(([key]) => keep(key)).map(([key, epochs]) => ({ ...identity(result, key), epochs }));
  const training = named((key) => fromScratch.has(key));
  const tuning = named((key) => !fromScratch.has(key)).sort((a, b) => order.indexOf(a.style) - order.indexOf(b.style));
  return html`<section><h2>Training curves</h2>
<p>Measured on the training images of each epoch as they went by, so an epoch's figures lag behind the model that it leaves.</p>
<div class="curves">${training.length > 0 && charts(result.kind === 'train' ? 'Training' : 'Training with the backdoor', training)}
${tuning.length > 0 && charts('Fine-tuning on the clean images', tuning)}</div>
</section>
`;
}

/** What trains a network with fresh weights. */
const fromScratch: ReadonlySet<string> = new Set(['attack', 'train']);
const order: readonly Style[] = ['before', 'ft', 'after'];

function identity(result: Result, key: string): Omit<Run, 'epochs'> {
  if (key === 'train') return { title: modelTitle(result, 'before'), style: 'before' };
  if (key === 'attack') return { title: methodTitle(result.attack) ?? 'Attack', style: 'before' };
  if (key === (result.baseline?.method ?? 'ft')) return { title: modelTitle(result, 'ft'), style: 'ft' };
  return { title: key === result.defense?.method ? modelTitle(result, 'after') : key.toUpperCase(), style: 'after' };
}

function charts(title: string, runs: readonly Run[]): Html {
  const legend = runs.map((run) => html`<span>${lineSample(run.style)} ${run.title}</span> `);
  return html`<figure><figcaption><b>${title}</b> <span class="legend">${legend}</span></figcaption>
<div class="pair"><div><p>Loss: mean cross-entropy, nats</p>${lossChart(title, runs)}</div>
<div><p>Accuracy on training images, %</p>${accuracyChart(title, runs)}</div></div></figure>
`;
}

function lossChart(title: string, runs: readonly Run[]): Html {
  const finite = (run: Run) => run.epochs.flatMap((epoch) => (epoch.loss === null ? [] : [{ x: epoch.epoch, y: epoch.loss }]));
  const losses = runs.flatMap(finite).map((point) => point.y);
  return lineChart({
    description: `${title}, loss by epoch: ${inWords(runs, (epoch) => figure(epoch.loss))}`,
    x: epochScale(runs),
    y: roundScale(0, Math.max(...losses, 0) || 1),
    xLabel: 'epoch',
    tick: figure,
    series: runs.map((run) => ({
      style: run.style,
      points: finite(run).map(({ x, y }) => ({ x, y, tooltip: `${run.title}, epoch ${x}: loss ${figure(y)}` })),
    })),
  });
}

function accuracyChart(title: string, runs: readonly Run[]): Html {
  const lowest = Math.min(...runs.flatMap((run) => run.epochs.map((epoch) => epoch.accuracy)));
  return lineChart({
    description: `${title}, accuracy by epoch: ${inWords(runs, (epoch) => percent(epoch.accuracy))}`,
    x: epochScale(runs),
    y: roundScale(Math.min(lowest, 0.99) * 100, 100),
    xLabel: 'epoch',
    tick: figure,
    series: runs.map((run) => ({
      style: run.style,
      points: run.epochs.map(({ epoch, accuracy }) => {
        return { x: epoch, y: accuracy * 100, tooltip: `${run.title}, epoch ${epoch}: accuracy ${percent(accuracy)}` };
      }),
    })),
  });
}

function epochScale(runs: readonly Run[]) {
  const epochs = runs.flatMap((run) => run.epochs.map(({ epoch }) => epoch));
  return wholeScale(Math.min(...epochs), Math.max(...epochs));
}

function inWords(runs: readonly Run[], say: (epoch: HistoryRecord) => string): string {
  return runs.map(({ title, epochs }) => `${title} from ${say(epochs[0])} to ${say(epochs[epochs.length - 1])}`).join('; ');
}
