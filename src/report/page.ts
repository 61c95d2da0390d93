import { type Content, Html, html } from './markup.js';

/** What a page is made of. */
export interface Page {
  readonly title: string;
  readonly style: string;
  /** What stands in the page's middle. */
  readonly main: Content;
  /** The one script, with its hash as a policy names it; default none. */
  readonly script?: { readonly text: string; readonly hash: string };
}

/** A self-contained HTML page. Its own policy makes the browser refuse anything that is not in the file. */
export function page({ title, style, main, script }: Page): string {
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'${script ? `; script-src '${script.hash}'` : ''}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${main}</main>
${
  script !== undefined &&
  html`<script>${new Html(script.text)}</script>
`
}</body>
</html>
`.text;
}
