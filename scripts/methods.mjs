// Writes docs/methods.md: every attack and defence with its options. Needs a build (npm run build).
import { writeFileSync } from 'node:fs';
import { methodsPage } from '../dist/cli/methods-page.js';

writeFileSync(new URL('../docs/methods.md', import.meta.url), methodsPage());
