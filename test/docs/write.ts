// Writes the generated parts of the pages in docs/: `npm run docs`.
import { writeFileSync } from 'node:fs';
import * as configuration from './configuration.ts';
import * as metrics from './metrics.ts';
import * as performance from './performance.ts';

for (const { pagePath, writtenPage } of [configuration, metrics, performance])
  writeFileSync(pagePath, await writtenPage());
