// Writes the table in docs/models.md from the networks. Needs a build (npm run build).
import { readFileSync, writeFileSync } from 'node:fs';
import { withModelsTable } from '../dist/cli/models-page.js';

const page = new URL('../docs/models.md', import.meta.url);
writeFileSync(page, withModelsTable(readFileSync(page, 'utf8')));
