import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noTrace } from '../../src/core/trace.ts';
import { createDispatcher } from '../../src/delivery/dispatch.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import { createGuard } from '../../src/guard/guard.ts';
import type { Push, PushResult } from '../../src/core/push.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { errorCode } from '../../src/telemetry/error-code.ts';
import { fingerprint } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createComponent } from '../../src/xmpp/services/component.ts';
import { sortStanza } from '../../src/xmpp/services/iq.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf, registrationOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';
import { parseStanza } from '../xmpp/stream/parse-stanza.ts';

// Each line that is written about a device or a person, whole: what is not in it cannot leak.

const node = 'n'.repeat(32);
/** The first 12 hex digits of SHA-256 of that. */
const nodeInLogs = 'fe06271acc7d';

const parse = (lines: readonly string[]) =>
  lines.map((line) => {
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(time), /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
    return rest;
  });

test('redaction - a fingerprint is the beginning of the SHA-256, in which nothing of the name shows', () => {
  assert.equal(fingerprint(node), nodeInLogs);
  assert.equal(fingerprint('ab'.repeat(32)), '271a413bd339');
});

test('redaction - an error is told by its code or class, never by its message', () => {
  assert.equal(errorCode(new TypeError('romeo@example.net')), 'TypeError');
  assert.equal(errorCode(Object.assign(new Error('/home/romeo'), { code: 'ENOENT' })), 'ENOENT');
  assert.equal(errorCode(Object.assign(new Error('romeo'), { code: { toString: () => 'romeo' } })), 'Error');
  assert.equal(errorCode('romeo@example.net'), 'unknown');
});

/** Sends one push to a device whose provider answers so; resolves with what was logged. */
async function logOf(outcome: PushResult, fails?: Error) {
  const { log, lines } = recordedLog();
  const parts = { clock: manualClock(), log, metrics: createMetrics('test') };
  const app = apnsAppOf();
  const provider: Provider = {
    send: () => Promise.resolve(outcome),
    largestCiphertext: () => 3072,
    hurry: () => {},
    drain: () => Promise.resolve(),
  };
  const dispatcher = createDispatcher({
    registry: {
      remove: () => Promise.resolve(true),
      restore: () => Promise.resolve(0),
      dropSecondToken: () => Promise.resolve(),
      rememberEnvironment: () => (fails ? Promise.reject(fails) : Promise.resolve()),
    },
    guard: createGuard({ apps: [app.name], ...parts }),
    onResult: () => {},
    onRemoved: () => {},
    trace: noTrace,
    ...parts,
  });
  const registration = registrationOf({ node, token: 'c0ffee'.repeat(10), device: 'c0ffee'.repeat(10) });
  const content = { kind: 'sealed', ciphertext: 'c2VhbGVk', iv: 'AAEC' } as const;
  const { account } = registration;
  const push: Push = { id: '0', app: app.name, node, kind: 'alert', account, content, expiresAtMs: 1 };
  const appSender = createAppSender({ app, connect: () => provider, random: () => 0.5, ...parts });
  await dispatcher.dispatch(appSender, registration, { push, target: 'first' }, 1_000);
  return parse(lines);
}

/** The line about the push itself, but for what came of it. */
const attempted = {
  ...{ level: 20, app: 'siskin', registration: nodeInLogs, push: 'alert', id: '0', durationMs: 0 },
  msg: 'a push was attempted',
};

test('redaction - that a registration was removed is told with the fingerprint of its node alone', async () => {
  assert.deepEqual(await logOf({ kind: 'dead-token', reason: 'Unregistered' }), [
    { ...attempted, result: 'dead-token', reason: 'Unregistered' },
    {
      level: 30,
      app: 'siskin',
      registration: nodeInLogs,
      reason: 'Unregistered',
      msg: 'registration removed: the provider says that its device token is dead',
    },
  ]);
});

test('redaction - that a registration could not be updated is told with the fingerprint of its node alone', async () => {
  const fails = new RangeError(`no room for ${node}`);
  assert.deepEqual(await logOf({ kind: 'accepted', environment: 'sandbox' }, fails), [
    { ...attempted, result: 'accepted' },
    {
      level: 40,
      app: 'siskin',
      registration: nodeInLogs,
      reason: 'RangeError',
      msg: 'a registration could not be updated',
    },
  ]);
});

test('redaction - that a publish is malformed is told with the domain of the publisher alone', async () => {
  const { log, lines } = recordedLog();
  const handle = createComponent({
    domain: 'push.example.org',
    apps: [apnsAppOf()],
    version: '1.2.3',
    clock: manualClock(),
    log,
    metrics: createMetrics('test'),
    handlers: {
      deliver: () => Promise.reject(new Error('not called')),
      register: () => Promise.reject(new Error('not called')),
      unregister: () => Promise.reject(new Error('not called')),
      largestCiphertext: () => 3_072,
    },
  });
  for (const from of ['romeo@Example.net/balcony', 'romeo@example.net', 'example.net/romeo']) {
    const stanza = parseStanza(
      `<iq type='set' id='p' from='${from}' to='push.example.org'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
        `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'><encrypted xmlns='tigase:push:encrypt:0' ` +
        `iv='AAECAwQFBgcICQoL'>c2VjcmV0</encrypted></notification></item></publish></pubsub></iq>`,
    );
    const sorted = sortStanza(stanza, 'push.example.org');
    assert.ok(sorted.kind === 'request');
    assert.deepEqual(await handle(sorted.iq), { kind: 'error', error: 'bad-request' });
    assert.deepEqual(parse(lines.splice(0)), [
      {
        level: 20,
        link: 'push.example.org',
        domain: 'example.net',
        reason: 'ciphertext-too-short',
        msg: 'malformed publish',
      },
    ]);
  }
});
