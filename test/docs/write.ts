// Writes the generated parts of the pages in docs/: `npm run docs`.
import { writeFileSync } from 'node:fs';
import { pagePath, writtenPage } from './configuration.ts';

writeFileSync(pagePath, await writtenPage());
