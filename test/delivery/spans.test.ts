import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { PushResult } from '../../src/core/push.ts';
import { createLookup, type Lookup } from '../../src/delivery/lookup.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { assemble } from '../support/assemble.ts';
import { manualClock, turnsUntil, wallOf } from '../support/clock.ts';
import { nodeNames } from '../support/nodes.ts';
import { apnsAppOf, notificationOf } from '../support/registrations.ts';
import { type CollectedSpan, collectedSpans } from '../support/spans.ts';
import { openOutbox, openRegistryHere } from '../support/store.ts';
import { recordedLog } from '../support/telemetry.ts';

// The provider is the edge here: it plays back results. Everything between, the OpenTelemetry SDK included, is real.

const folder = await mkdtemp(join(tmpdir(), 'sealpost-spans-'));
after(() => rm(folder, { recursive: true }));

const token = 'ab'.repeat(32);
const secondToken = 'cd'.repeat(32);
let databases = 0;

/** Delivery for Romeo's phone, whose provider answers so, each with its HTTP status. */
async function openDelivery(
  answers: readonly (readonly [number | undefined, PushResult])[],
  over: Partial<Lookup> = {},
) {
  databases += 1;
  const clock = manualClock();
  const metrics = createMetrics('test');
  const { log } = recordedLog();
  const nodes = nodeNames();
  const at = (name: string) => ({ kind: 'sqlite', path: join(folder, `${databases}.${name}.db`) }) as const;
  const registry = await openRegistryHere({ store: at('registry'), clock, nodes, metrics, log });
  const outbox = await openOutbox({ store: at('outbox'), clock, forward: wallOf(clock), metrics, log });
  const { node } = await registry.register({
    ...{ app: 'siskin', convention: 'tigase', account: 'romeo@example.net', device: token, token, secondToken },
    withSecret: false,
  });
  const app = apnsAppOf();
  const left = [...answers];
  const provider: Provider = {
    send(_push, _device, _deadlineMs, onStatus) {
      const [status, result] = left.shift() ?? [200, { kind: 'accepted' }];
      if (status !== undefined) onStatus?.(status);
      return Promise.resolve(result);
    },
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const { spans, finished } = collectedSpans();
  const lookup = { ...createLookup({ registry, nodes, apps: [app], clock }), ...over };
  const parts = assemble({ app, provider, registry: lookup, outbox, clock, log, metrics, spans });
  const close = async () => {
    await parts.retryScheduler.drain();
    await outbox.close();
  };
  return { ...parts, node, clock, finished, close };
}

/** Its attributes with the id of the push, which is random, checked and taken out. */
function withoutId({ attributes: { 'sealpost.id': id, ...rest } }: CollectedSpan) {
  assert.match(String(id), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  return rest;
}

test('spans - a push that is accepted is one span in another', async () => {
  const { delivery, node, finished, close } = await openDelivery([]);
  await delivery.deliver(notificationOf({ node }), 'push.example.org');
  const [attempt, notification] = finished();
  assert.ok(attempt && notification);
  assert.equal(finished().length, 2);
  assert.equal(attempt.name, 'sealpost attempt');
  assert.equal(attempt.parent, notification.id);
  assert.deepEqual(withoutId(attempt), {
    'sealpost.app': 'siskin',
    'sealpost.provider': 'apns',
    'sealpost.registration': fingerprint(node),
    'sealpost.push': 'alert',
    'sealpost.result': 'accepted',
    'http.response.status_code': 200,
  });
  assert.equal(notification.name, 'sealpost notification');
  assert.deepEqual(withoutId(notification), {
    'sealpost.component': 'push.example.org',
    'sealpost.domain': 'example.net',
    'sealpost.registration': fingerprint(node),
    'sealpost.app': 'siskin',
    'sealpost.convention': 'tigase',
    'sealpost.push': 'alert',
    'sealpost.outcome': 'sent',
    'sealpost.answer': 'result',
  });
  assert.deepEqual([attempt.failure, notification.failure], [undefined, undefined]);
  assert.equal(attempt.attributes['sealpost.id'], notification.attributes['sealpost.id']);
  await close();
});

test('spans - an attempt from the outbox links to the notification, with the same id of the push', async () => {
  const busy: PushResult = { kind: 'retry', reason: 'TooManyRequests', scope: 'device' };
  const { delivery, retryScheduler, node, clock, finished, close } = await openDelivery([[429, busy]]);
  await delivery.deliver(notificationOf({ node }));
  retryScheduler.start();
  await turnsUntil('it is tried again', () => {
    clock.advance(100);
    return finished().length >= 3;
  });
  const [first, notification, second] = finished();
  assert.deepEqual(
    [first?.failure, first?.attributes['error.type'], first?.attributes['sealpost.reason']],
    ['TooManyRequests', 'TooManyRequests', 'TooManyRequests'],
  );
  assert.deepEqual(
    [first?.attributes['http.response.status_code'], notification?.attributes['sealpost.outcome']],
    [429, 'queued'],
  );
  assert.deepEqual([second?.parent, second?.links, second?.failure], [undefined, [notification?.id], undefined]);
  assert.equal(second?.attributes['sealpost.id'], notification?.attributes['sealpost.id']);
  await close();
});

test('spans - each form of a push is an attempt of its own', async () => {
  const dead: PushResult = { kind: 'dead-token', reason: 'Unregistered' };
  const { delivery, node, finished, close } = await openDelivery([[410, dead]]);
  const content = {
    kind: 'sealed',
    ciphertext: 'c2VhbGVkIGNvbnRlbnQgaGVyZQ==',
    iv: 'AAECAwQFBgcICQoL',
    voip: true,
  } as const;
  await delivery.deliver(notificationOf({ node, content }));
  const [voip, alert, notification] = finished();
  assert.deepEqual(
    [voip, alert].map((span) => [
      ...[span?.attributes['sealpost.push'], span?.attributes['sealpost.result']],
      ...[span?.attributes['http.response.status_code'], span?.parent],
    ]),
    [
      ['voip', 'dead-token', 410, notification?.id],
      ['call-alert', 'accepted', 200, notification?.id],
    ],
  );
  await close();
});

test('spans - without an answer of the provider there is no status', async () => {
  const refused: PushResult = { kind: 'retry', reason: 'connection-refused', scope: 'app' };
  const { delivery, node, finished, close } = await openDelivery([[undefined, refused]]);
  await delivery.deliver(notificationOf({ node }));
  const [attempt] = finished();
  assert.equal(attempt?.failure, 'connection-refused');
  assert.ok(!('http.response.status_code' in (attempt?.attributes ?? {})));
  await close();
});

test('spans - a publish that leads to no push is a span alone, and a failure only if it is ours', async () => {
  const { delivery, node, finished, close } = await openDelivery([]);
  await delivery.deliver(notificationOf({ node, publisher: 'montague.example' }), 'push.example.org');
  await delivery.deliver(notificationOf({ node: 'unheard-of' }), 'push.example.org');
  const [wrong, unknown, ...others] = finished();
  assert.deepEqual(others, []);
  assert.deepEqual(
    [wrong?.attributes['sealpost.outcome'], wrong?.attributes['sealpost.answer'], wrong?.failure],
    ['wrong-publisher', 'forbidden', undefined],
  );
  assert.deepEqual(unknown?.attributes, {
    'sealpost.component': 'push.example.org',
    'sealpost.domain': 'example.net',
    'sealpost.registration': fingerprint('unheard-of'),
    'sealpost.outcome': 'unknown-node',
    'sealpost.answer': 'item-not-found',
  });
  await close();
});

test('spans - an error of the store is recorded by its code, without its message', async () => {
  const fails = Object.assign(new Error(`disk of ${token}`), { code: 'SQLITE_FULL' });
  const { delivery, node, finished, close } = await openDelivery([], { find: () => Promise.reject(fails) });
  await delivery.deliver(notificationOf({ node }));
  const [notification] = finished();
  assert.deepEqual(notification?.events, [{ name: 'exception', 'exception.type': 'SQLITE_FULL' }]);
  assert.equal(notification?.failure, 'store-failed');
  await close();
});

test('spans - no span carries a token, the node or the account', async () => {
  const rejected: PushResult = { kind: 'payload-rejected', reason: 'PayloadTooLarge' };
  const { delivery, node, finished, close } = await openDelivery([[413, rejected]]);
  await delivery.deliver(notificationOf({ node, publisher: 'romeo@example.net' }));
  assert.equal(finished().length, 3);
  const all = JSON.stringify(finished());
  for (const secret of [token, secondToken, node, 'romeo', 'c2VhbGVk', 'AAECAwQF'])
    assert.ok(!all.includes(secret), secret);
  await close();
});
