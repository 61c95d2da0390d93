// Takes the README's picture: the top of the demo's report, as a browser shows it. Run after `npm run demo`; needs Chromium.
//
//   node scripts/picture.mjs [REPORT] [PICTURE]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [report = 'runs/demo/report.html', picture = 'docs/report.png'] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'antidote-picture-'));
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--hide-scrollbars'];
try {
  execFileSync(
    process.env.CHROMIUM ?? 'chromium',
    [
      ...flags,
      `--user-data-dir=${profile}`,
      '--window-size=1200,1500',
      `--screenshot=${resolve(picture)}`,
      pathToFileURL(resolve(report)).href,
    ],
    { stdio: 'inherit' },
  );
} finally {
  rmSync(profile, { recursive: true, force: true });
}
