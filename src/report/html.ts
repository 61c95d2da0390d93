import { curvesSection } from './curves.js';
import { detectionSection } from './detection.js';
import { mapsSection } from './maps.js';
import { html } from './markup.js';
import { methodTitle } from './models.js';
import { numbersSection } from './numbers.js';
import { page } from './page.js';
import type { Pictures } from './pictures.js';
import { provenanceSection } from './provenance.js';
import type { Result } from './result.js';
import { samplesSection } from './samples.js';
import { choicesSection } from './settings.js';
import { style } from './style.js';
import { triggerSection } from './trigger.js';
import { verdict } from './verdict.js';

/**
 * The report as one HTML file: nothing is fetched, no script runs, and pictures are within it. What the result or the
 * pictures lack is left out.
 *
 * @param result what came out; names in it may hold any characters.
 * @param pictures PNG files to show, at their own resolution.
 */
export function renderReport(result: Result, pictures: Pictures = {}): string {
  const title = titleOf(result);
  const [lead, ...rest] = verdict(result);
  const main = html`<header><p class="kicker">Antidote</p><h1>${title}</h1>
${lead !== undefined && html`<p class="lead">${lead}</p>`}
${rest.length > 0 && html`<p>${rest.join(' ')}</p>`}</header>
${detectionSection(result, pictures)}${numbersSection(result)}${triggerSection(result, pictures)}${samplesSection(result, pictures.samples ?? [])}${curvesSection(result)}${mapsSection(result)}${choicesSection(result)}${provenanceSection(result)}`;
  return page({ title, style, main });
}

function titleOf(result: Result): string {
  const attack = methodTitle(result.attack) ?? 'Backdoor';
  const defense = methodTitle(result.defense);
  const data = result.data ? ` on ${dataTitle(result.data.name)}` : '';
  if (result.kind === 'attack') return `${attack} attack${data}`;
  if (result.kind === 'scan') return `Is it backdoored?${result.data ? ` A model for ${dataTitle(result.data.name)}` : ''}`;
  if (result.kind === 'evaluate') return `Evaluation${data}`;
  if (result.kind === 'train') return `Clean model${data}`;
  return `${result.attack ? `${attack} repaired` : 'Repair'} with ${defense ?? 'a defence'}${data}`;
}

/** Data sets have short names that are written in capitals or digits: mnist, cifar10, gtsrb. */
function dataTitle(name: string): string {
  return /^[a-z]+\d*$/.test(name) ? name.toUpperCase() : name;
}
