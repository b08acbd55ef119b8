import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createOpsListener } from '../../src/ops/listener.ts';
import { announceApp } from '../../src/telemetry/metrics.ts';
import { manualClock, turns, turnsUntil } from '../support/clock.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { adminOf } from './admin.ts';

async function start(t: TestContext) {
  const clock = manualClock();
  const telemetry = quietTelemetry();
  announceApp(telemetry.metrics, { name: 'siskin', conventions: ['tigase'] });
  // An overview of 512 KB: more than a stream keeps for a reader who does not read.
  let filling = '';
  const listener = await createOpsListener({
    ...{ host: '127.0.0.1', port: 0, clock },
    health: () => Promise.resolve({ status: 'pass', checks: { store: { status: 'pass', reason: filling } } }),
    admin: adminOf({ token: createSecret('right') }),
    ...telemetry,
  });
  t.after(() => listener.close());
  const open = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${listener.url}/console/live`, { headers: { authorization: 'Bearer right' } }, resolve);
      sent.on('error', reject).end();
    });
  return { clock, listener, open, metrics: telemetry.metrics, fill: (text: string) => void (filling = text) };
}

function read(response: IncomingMessage) {
  const heard = { text: '' };
  response.setEncoding('utf8').on('data', (part: string) => (heard.text += part));
  return heard;
}

const eventsOf = (text: string) => [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);

test('console - a stream begins with what is, then what was in the latest hour, then a point each five seconds', async (t) => {
  const { clock, open, metrics } = await start(t);
  for (let i = 0; i < 2; i += 1) {
    clock.advance(5_000);
    await turns(2);
  }
  const heard = read(await open());
  await turnsUntil('the history', () => heard.text.includes('event: history'));
  assert.deepEqual(eventsOf(heard.text), ['overview', 'history']);
  const [, history = ''] = /^event: history\ndata: (.*)$/m.exec(heard.text) ?? [];
  const seconds = Date.UTC(2026, 10, 1) / 1_000;
  const { limit, at, all } = JSON.parse(history) as { limit: number; at: number[]; all: { accepted: number[] } };
  assert.deepEqual([limit, at, all.accepted], [720, [seconds + 5, seconds + 10], [0, 0]]);

  metrics.pushes.inc({ app: 'siskin', result: 'accepted' }, 10);
  clock.advance(5_000);
  await turnsUntil('the point', () => heard.text.includes('event: point'));
  const none = '"retry":0,"dead-token":0,"payload-rejected":0,"misconfigured":0,"median":null,"p95":null';
  const point = `{"accepted":2,${none},"queued":0,"oldest":0,"registrations":0}`;
  assert.ok(
    heard.text.includes(
      `event: point\ndata: {"at":${seconds + 15},"publishes":{"taken":0,"refused":0},` +
        `"all":${point},"apps":{"siskin":${point}}}\n\n`,
    ),
    heard.text,
  );
});

test('console - a reader who was too slow for a point gets the whole history again', async (t) => {
  const { clock, open, fill } = await start(t);
  const response = await open();
  await turns(100);
  // Nobody reads: sockets fill up, then the stream, and then points are left out.
  fill('x'.repeat(524_288));
  for (let i = 0; i < 60; i += 1) {
    clock.advance(5_000);
    await turns(20);
  }
  fill('');
  const heard = read(response);
  for (let last = -1; last !== heard.text.length; await turns(500)) last = heard.text.length;
  clock.advance(5_000);
  await turnsUntil('the whole history', () => eventsOf(heard.text).filter((name) => name === 'history').length === 2);
  const [, last = ''] =
    /^event: history\ndata: (.*)$/m.exec(heard.text.slice(heard.text.lastIndexOf('event: history'))) ?? [];
  assert.equal((JSON.parse(last) as { at: number[] }).at.length, 61);
  const points = () => eventsOf(heard.text).filter((name) => name === 'point').length;
  const before = points();
  clock.advance(5_000);
  await turnsUntil('one more point', () => points() === before + 1);
});

test('console - the library of the charts comes from this host, as it is in its package, under the same policy', async (t) => {
  const { listener } = await start(t);
  for (const [path, file, type] of [
    ['/uplot.js', 'uPlot.iife.min.js', 'text/javascript; charset=utf-8'],
    ['/uplot.css', 'uPlot.min.css', 'text/css; charset=utf-8'],
  ] as const) {
    const response = await fetch(`${listener.url}${path}`);
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, type]);
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    const own = join(import.meta.dirname, '../../node_modules/uplot/dist', file);
    assert.equal(await response.text(), readFileSync(own, 'utf8'));
  }
});
