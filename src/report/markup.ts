/** Markup that is safe to put into a page: whatever was not markup when it was made has been escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** What {@link html} accepts between its pieces; undefined and false leave nothing behind. */
export type Content = Html | string | number | undefined | false | readonly Content[];

/**
 * Tag for HTML and SVG templates. Interpolated strings and numbers are escaped for text and for quoted attributes;
 * only markup made by this tag goes in as it is. Names of classes and layers come from files that others wrote,
 * and this makes escaping them impossible to forget.
 */
export function html(strings: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(contents[i - 1]) + string));
}

/** Joins pieces with nothing, or with the separator, between them. */
export function join(pieces: readonly Content[], separator = ''): Html {
  return new Html(pieces.map(render).join(escapeText(separator)));
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeText(String(content));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
