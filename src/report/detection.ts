import { figure } from './format.js';
import { type Html, html } from './markup.js';
import { classInWords, methodTitle } from './models.js';
import { type Pictures, picture, type SuspectPicture } from './pictures.js';
import type { FindingRecord, Result } from './result.js';
import { roundScale } from './scale.js';
import { diamondSample, dotSample, strip, stripAxis } from './strip.js';
import { inWords } from './verdict.js';

const levels = { likely: 'stands out', possible: 'may stand out', clear: 'nothing stands out' };

/** What every detector looked for and found: class by class as a row of dots, in words, and as a picture where there is one. */
export function detectionSection(result: Result, { suspects = [] }: Pictures): Html | undefined {
  const { detection } = result;
  if (!detection) return undefined;
  const shown = detection.detectors.map(
    (detector) => html`<h3>${methodTitle(detector)}</h3>
${detector.findings.map((finding) =>
  evidence(
    result,
    finding,
    suspects.find(({ sought }) => sought === finding.sought),
  ),
)}`,
  );
  return html`<section><h2>Evidence</h2>
<p>One dot for each class. <span class="legend"><span>${diamondSample()} the class that stands out most</span> <span>${dotSample()} another class</span></span></p>
${shown}</section>
`;
}

function evidence(result: Result, finding: FindingRecord, found: SuspectPicture | undefined): Html {
  const { sought, level, target, classes, measure } = finding;
  const scale = roundScale(Math.min(0, ...classes), Math.max(...classes), 5);
  const dots = classes.map((value, label) => ({
    value,
    marked: label === target,
    tooltip: `${classInWords(result, label)}: ${figure(value)}`,
  }));
  const description = `${sought}: ${measure}; ${classInWords(result, target)} at ${figure(classes[target] ?? null)}`;
  return html`<article class="evidence ${level}"><h4>${sought} <small>${levels[level]}</small></h4>
<div class="layer"><small class="measure">${measure}</small>${strip(dots, scale, description)}<small>${classInWords(result, target)}</small></div>
<div class="layer ruler"><span></span>${stripAxis(scale, (tick) => figure(tick))}<span></span></div>
<p>${inWords(finding)}</p>
${found && figures(found)}</article>
`;
}

function figures({ clean, triggered, difference, sought }: SuspectPicture): Html {
  return html`<div class="trigger"><figure>${picture(clean, 'A clean image')}<figcaption>Clean</figcaption></figure>
<figure>${picture(triggered, `The same image with ${sought}`)}<figcaption>Changed</figcaption></figure>
<figure>${picture(difference, 'What was changed')}<figcaption>Difference</figcaption></figure></div>`;
}
