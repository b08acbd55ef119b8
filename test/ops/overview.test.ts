import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOverview } from '../../src/ops/console/overview.ts';
import { consolesAtOnce } from '../../src/ops/console/routes.ts';
import type { Health } from '../../src/ops/health-report.ts';
import { createOpsListener } from '../../src/ops/listener.ts';
import { announceApp, createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock } from '../support/clock.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { adminOf } from './admin.ts';

const well: Health = { status: 'pass', checks: { store: { status: 'pass' } } };

test('overview - counts each app since the start, and says when its oldest queued push was stored', async () => {
  const metrics = createMetrics('test');
  for (const name of ['siskin', 'android']) announceApp(metrics, { name, conventions: ['tigase'] });
  metrics.pushes.inc({ app: 'siskin', result: 'accepted' }, 3);
  metrics.pushes.inc({ app: 'siskin', result: 'retry' });
  metrics.pushDuration.observe({ app: 'siskin', provider: 'apns' }, 0.5);
  metrics.pushDuration.observe({ app: 'siskin', provider: 'apns' }, 0.25);
  metrics.registrations.set({ app: 'siskin' }, 7);
  metrics.outboxDepth.set({ app: 'siskin' }, 2);
  metrics.outboxOldest.set({ app: 'siskin' }, Date.UTC(2026, 9, 31) / 1_000);
  const overview = createOverview({
    health: () => Promise.resolve(well),
    metrics,
    failures: () => [],
    clock: manualClock(),
  });
  const { at, sentence, apps } = await overview();
  assert.deepEqual([at, sentence], ['2026-11-01T00:00:00.000Z', 'All is well: every part works.']);
  const none = { retry: 0, 'dead-token': 0, 'payload-rejected': 0, misconfigured: 0 };
  assert.deepEqual(apps, [
    { app: 'android', results: { accepted: 0, ...none }, timed: 0, seconds: 0, registrations: 0, queued: 0 },
    {
      ...{ app: 'siskin', results: { accepted: 3, ...none, retry: 1 }, timed: 2, seconds: 0.75, registrations: 7 },
      ...{ queued: 2, oldestQueuedAt: '2026-10-31T00:00:00.000Z' },
    },
  ]);
});

test('overview - the sentence names the first part that is not well, and how many others there are', async () => {
  const sentenceOf = async (health: Health) => {
    const overview = createOverview({
      health: () => Promise.resolve(health),
      metrics: createMetrics('test'),
      failures: () => [],
      clock: manualClock(),
    });
    return (await overview()).sentence;
  };
  const link = { status: 'fail', reason: 'connecting' } as const;
  assert.equal(
    await sentenceOf({ status: 'fail', checks: { 'link:push.example.org': link } }),
    'No notification can be delivered: link:push.example.org: connecting.',
  );
  const warn = { status: 'warn', reason: 'the provider refuses us' } as const;
  assert.equal(
    await sentenceOf({ status: 'warn', checks: { ...well.checks, 'app:a': warn, 'app:b': warn, 'app:c': warn } }),
    'Somebody should look: app:a: the provider refuses us, and 2 more.',
  );
});

test('console - eight are live at a time, and none keeps the server from ending', async () => {
  const clock = manualClock();
  const listener = await createOpsListener({
    ...{ host: '127.0.0.1', port: 0, clock },
    health: () => Promise.resolve(well),
    admin: adminOf({ token: createSecret('right') }),
    ...quietTelemetry(),
  });
  const open = (authorization = 'Bearer right') =>
    fetch(`${listener.url}/console/live`, { headers: { authorization } });
  const streams = await Promise.all(Array.from({ length: consolesAtOnce }, () => open()));
  assert.deepEqual([consolesAtOnce, ...new Set(streams.map(({ status }) => status))], [8, 200]);
  assert.equal((await open()).status, 409);
  assert.equal((await open('Bearer wrong')).status, 401);
  await listener.close();
  const [first = ''] = await Promise.all(streams.map((stream) => stream.text()));
  assert.match(first, /^event: overview\ndata: \{"at":"2026-11-01T00:00:00.000Z","sentence":"All is well/);
  assert.equal(clock.waiting, 0);
});
