// Writes the table in docs/zoo.md from the descriptions in zoo/. Needs a build (npm run build).
import { readFileSync, writeFileSync } from 'node:fs';
import { withZooTable } from '../dist/cli/zoo-page.js';
import { listZoo } from '../dist/jobs/node/zoo.js';

const page = new URL('../docs/zoo.md', import.meta.url);
writeFileSync(page, withZooTable(readFileSync(page, 'utf8'), await listZoo()));
