import { counted } from './format.js';
import { type Html, html } from './markup.js';
import { goalInWords, methodTitle } from './models.js';
import { type Pictures, picture } from './pictures.js';
import type { Result } from './result.js';
import { settingsTable } from './settings.js';

/** What the attack puts on an image: pictures, and the description from which it can be made again. */
export function triggerSection(result: Result, pictures: Pictures): Html | undefined {
  const { attack } = result;
  const { trigger } = pictures;
  if (!attack && !trigger) return undefined;
  return html`<section><h2>Trigger</h2>
${attack && html`<p>${story(result)}</p>`}
<div class="trigger">${trigger && figures(trigger)}
${attack?.trigger && settingsTable('Trigger', attack.trigger)}</div>
</section>
`;
}

function story(result: Result): string {
  const { attack } = result;
  const poisoned = attack?.poisoned;
  const train = result.data?.train;
  const among = train === undefined ? 'training images' : `of ${counted(train, 'training image')}`;
  const amount = poisoned === undefined ? 'some training images' : `${counted(poisoned, 'image').replace(/\D+$/, '')} ${among}`;
  return `${methodTitle(attack)} put the trigger on ${amount} and relabelled them, so that the model learnt to take any image that carries it for ${goalInWords(result)}.`;
}

function figures(trigger: NonNullable<Pictures['trigger']>): Html[] {
  return [
    html`<figure>${picture(trigger.clean, 'A test image without the trigger')}<figcaption>Clean</figcaption></figure>`,
    html`<figure>${picture(trigger.triggered, 'The same image with the trigger')}<figcaption>Triggered</figcaption></figure>`,
    html`<figure>${picture(trigger.difference, 'What the trigger changed')}<figcaption>Difference</figcaption></figure>`,
  ];
}
