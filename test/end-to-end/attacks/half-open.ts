// To be run in a network namespace of its own. Removes the network under a link and restores it. Prints how long each
// took to be detected, as JSON.
import { execFileSync } from 'node:child_process';
import { eventually } from '../../support/process.ts';
import { startStage } from './stage.ts';

const loopback = (state: 'up' | 'down') => execFileSync('ip', ['link', 'set', 'lo', state]);

loopback('up');
const stage = await startStage({ timing: JSON.parse(process.argv[2] ?? '{}') as Record<string, string>, devices: 5 });
await stage.connection.exchange(20);
loopback('down');
const startedMs = performance.now();
// Its ping is sent, and nobody acknowledges it.
const lost = await eventually(
  'the link is given up',
  () => stage.sealpost.lines.find((line) => line.includes('no component link')),
  40_000,
);
const noticedMs = performance.now() - startedMs;
loopback('up');
const upMs = performance.now();
await (await stage.accept()).exchange(5);
const backMs = performance.now() - upMs;
const { reason } = JSON.parse(lost) as { reason: string };
console.log(JSON.stringify({ noticedMs, backMs, reason }));
await stage.stop();
process.exit(0);
