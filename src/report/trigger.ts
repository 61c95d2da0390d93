import { counted, integer, percent } from './format.js';
import { type Html, html } from './markup.js';
import { goalInWords, methodTitle } from './models.js';
import { type Pictures, picture } from './pictures.js';
import type { Result } from './result.js';
import { settingsTable } from './settings.js';

/** Characters of a value that the table shows. */
const LONGEST = 120;

/** What the attack puts on an image: pictures, and the description from which it can be made again. */
export function triggerSection(result: Result, pictures: Pictures): Html | undefined {
  const { attack } = result;
  const { trigger } = pictures;
  if (!attack && !trigger) return undefined;
  return html`<section><h2>Trigger</h2>
${attack && html`<p>${story(result)}</p>`}
<div class="trigger">${trigger && figures(trigger)}
${attack?.trigger && settingsTable('Trigger', shortened(attack.trigger))}</div>
${attack?.visibility && html`<p>${seen(attack.visibility)}</p>`}
</section>
`;
}

function story(result: Result): string {
  const { attack } = result;
  const poisoned = attack?.poisoned;
  const train = result.data?.train;
  const among = train === undefined ? 'training images' : `of ${counted(train, 'training image')}`;
  const labels = attack?.cleanLabel ? ' of the class that it aims at, whose labels stayed as they were' : ' and relabelled them';
  const amount = poisoned === undefined ? 'some training images' : `${counted(poisoned, 'image').replace(/\D+$/, '')} ${among}`;
  return `${methodTitle(attack)} put the trigger on ${amount}${labels}, so that the model learnt to take any image that carries it for ${goalInWords(result)}.`;
}

/** Pictures and networks take pages when they are written out. */
function shortened(trigger: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const length = (value: unknown) => JSON.stringify(value)?.length ?? 0;
  return Object.fromEntries(
    Object.entries(trigger).map(([name, value]) => [
      name,
      length(value) > LONGEST ? `${integer(length(value))} characters, in result.json` : value,
    ]),
  );
}

function seen({ psnr, ssim, linf, changed }: NonNullable<NonNullable<Result['attack']>['visibility']>): string {
  if (psnr === null) return 'The trigger changes no test image.';
  const few = changed < 1 ? ` It changes ${percent(changed, 1)} of the test images.` : '';
  return `How much is seen of it: PSNR ${psnr.toFixed(1)} dB, SSIM ${ssim.toFixed(3)}, largest change ${linf} of 255 (L∞).${few}`;
}

function figures(trigger: NonNullable<Pictures['trigger']>): Html[] {
  return [
    html`<figure>${picture(trigger.clean, 'A test image without the trigger')}<figcaption>Clean</figcaption></figure>`,
    html`<figure>${picture(trigger.triggered, 'The same image with the trigger')}<figcaption>Triggered</figcaption></figure>`,
    html`<figure>${picture(trigger.difference, 'What the trigger changed')}<figcaption>Difference</figcaption></figure>`,
  ];
}
