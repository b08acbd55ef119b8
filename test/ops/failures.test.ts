import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import { createFailures, failureKinds } from '../../src/ops/console/failures.ts';
import { createOverview } from '../../src/ops/console/overview.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock } from '../support/clock.ts';

const registrationOf = (node: string): Registration => ({
  ...{ node, app: 'siskin', convention: 'tigase', account: 'romeo@example.net' },
  ...{ device: 'token1', token: 'token1', registeredAtMs: 1 },
});

function start() {
  const clock = manualClock();
  const appSenders = new Map([['siskin', { hintFor: (reason: string) => `mend ${reason} of siskin` }]]);
  return { clock, failures: createFailures({ clock, appSenders }) };
}

test('failures - a kind is one line, in words, with what to do, how often and for which device', () => {
  const { clock, failures } = start();
  failures.push(registrationOf('node-1'), { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
  clock.advance(1_000);
  const [registration, publisher] = [registrationOf('node-1'), 'capulet.example/session'];
  failures.publish({ node: 'node-1', publisher, registration }, 'wrong-publisher');
  clock.advance(1_000);
  failures.push(registrationOf('node-2'), { kind: 'misconfigured', reason: 'InvalidProviderToken', scope: 'app' });
  failures.publish({ node: 'node-3', publisher: 'example.net' }, 'unknown-node');
  assert.deepEqual(failures.list(), [
    {
      what: 'refused: the device was removed, or never was registered',
      hint: 'the user has to open the app, which registers again',
      ...{ count: 1, firstAt: '2026-11-01T00:00:02.000Z', at: '2026-11-01T00:00:02.000Z' },
      ...{ registration: fingerprint('node-3'), domain: 'example.net' },
    },
    {
      app: 'siskin',
      what: 'the provider refuses us (InvalidProviderToken)',
      hint: 'mend InvalidProviderToken of siskin',
      ...{ count: 2, firstAt: '2026-11-01T00:00:00.000Z', at: '2026-11-01T00:00:02.000Z' },
      registration: fingerprint('node-2'),
    },
    {
      app: 'siskin',
      what: 'refused: whoever published is not the server of the account',
      hint: 'is the account of this device hosted by the server that publishes? A changed domain needs a new registration',
      ...{ count: 1, firstAt: '2026-11-01T00:00:01.000Z', at: '2026-11-01T00:00:01.000Z' },
      ...{ registration: fingerprint('node-1'), domain: 'capulet.example' },
    },
  ]);
  assert.doesNotMatch(JSON.stringify(failures.list()), /node-|token1|romeo/);
});

test('failures - what went well is none, and what the result of a push tells is told once', () => {
  const { failures } = start();
  failures.push(registrationOf('node-1'), { kind: 'accepted' });
  const seen = { node: 'node-1', publisher: 'example.net', registration: registrationOf('node-1') };
  for (const outcome of [
    'sent',
    'queued',
    'coalesced',
    'unimportant',
    'misconfigured',
    'payload-rejected',
    'gone',
  ] as const) {
    failures.publish(seen, outcome);
  }
  assert.deepEqual(failures.list(), []);
});

test('failures - the 50 latest kinds are kept', () => {
  const { failures } = start();
  const fail = (i: number) =>
    failures.push(registrationOf('node-1'), { kind: 'retry', reason: `reason-${i}`, scope: 'app' });
  for (let i = 0; i < failureKinds; i += 1) fail(i);
  // The oldest kind happens again, so that another one is the oldest.
  fail(0);
  fail(failureKinds);
  const reasons = failures.list().map(({ what }) => /reason-\d+/.exec(what)?.[0]);
  assert.deepEqual([failureKinds, reasons.length, reasons[0], reasons[1]], [50, 50, 'reason-50', 'reason-0']);
  assert.ok(!reasons.includes('reason-1'));
});

test('overview - links with what they were lost by, and the days that credentials have left', async () => {
  const clock = manualClock();
  const metrics = createMetrics('test');
  metrics.linkUp.set({ link: 'push.example.org' }, 0);
  metrics.linkUp.set({ link: 'push.example.com' }, 2);
  metrics.lastStanza.set({ link: 'push.example.com' }, clock.now() / 1_000 - 60);
  metrics.linkReconnects.inc({ link: 'push.example.com', reason: 'closed' }, 3);
  metrics.linkReconnects.inc({ link: 'push.example.com', reason: 'timeout' }, 0);
  metrics.credentialExpiry.set({ app: 'siskin', kind: 'certificate' }, clock.now() / 1_000 + 12.5 * 86_400);
  metrics.credentialExpiry.set({ app: 'monal', kind: 'certificate' }, clock.now() / 1_000 - 3_600);
  const health = () => Promise.resolve({ status: 'pass', checks: {} } as const);
  const { links, credentials } = await createOverview({ health, metrics, failures: () => [], clock })();
  assert.deepEqual(links, [
    { link: 'push.example.com', up: 2, lastStanzaAt: '2026-10-31T23:59:00.000Z', lost: { closed: 3 } },
    { link: 'push.example.org', up: 0, lost: {} },
  ]);
  assert.deepEqual(credentials, [
    { app: 'monal', kind: 'certificate', expiresAt: '2026-10-31T23:00:00.000Z', daysLeft: -1 },
    { app: 'siskin', kind: 'certificate', expiresAt: '2026-11-13T12:00:00.000Z', daysLeft: 12 },
  ]);
});
