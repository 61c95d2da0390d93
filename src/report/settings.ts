import { setting } from './format.js';
import { type Html, html } from './markup.js';
import { methodTitle } from './models.js';
import type { Result } from './result.js';

/** A table of names and values as one would type them. */
export function settingsTable(caption: string, values: Readonly<Record<string, unknown>>): Html {
  const rows = Object.entries(values).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${setting(value)}</td></tr>`);
  return html`<table class="settings"><caption>${caption}</caption><tbody>${rows}</tbody></table>`;
}

/** How every choice was made: the rule of each method in its own words, and all its options. */
export function choicesSection(result: Result): Html | undefined {
  const methods = [result.training, result.attack, result.defense, result.baseline].filter((method) => method !== undefined);
  if (methods.length === 0) return undefined;
  const rules = methods
    .filter((method) => method.rule)
    .map((method) => html`<p><strong>${methodTitle(method)}.</strong> ${method.rule}</p>`);
  const tables = methods.map((method) => settingsTable(`${methodTitle(method)} options`, method.options));
  return html`<section><h2>How every choice was made</h2>
${rules}
<div class="tables">${tables}</div>
</section>
`;
}
