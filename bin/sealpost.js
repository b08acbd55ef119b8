#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that one that is too old is told so and nothing else.
import { existsSync } from 'node:fs';

const needed = 24;
const [major = '0'] = process.versions.node.split('.');

if (Number(major) < needed) {
  process.stderr.write(
    `sealpost needs Node ${needed}, this is ${major}. Install Node ${needed} (nodejs.org); in a checkout \`npm start\` brings it along.\n`,
  );
  process.exitCode = 1;
} else {
  const built = new URL('../dist/bundle/main.js', import.meta.url);
  // In a checkout the sources count, whatever was built there.
  const source = new URL('../src/main.ts', import.meta.url);
  await import(existsSync(source) ? source.href : built.href);
}
