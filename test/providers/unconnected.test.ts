import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { errors } from 'undici';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { assembleHealth } from '../../src/ops/health.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { connectionFailureOf } from '../../src/providers/transport/connection-failure.ts';
import { createTransport } from '../../src/providers/transport/transport.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';
import { apnsScene, apnsToken, deviceOf, fcmScene, fcmToken, pushOf, secretOf, valuesOf } from './fixtures.ts';
import { openConnectProxy } from './transport/connect-proxy.ts';
import { deadOrigin } from './transport/relay.ts';

/** Sends one push and reads what log, health report and metric say of it. */
async function report({ provider, metrics }: { provider: Provider; metrics: Metrics }, token: string) {
  const { log, lines } = recordedLog();
  const app = apnsAppOf();
  const appSender = createAppSender({
    app,
    connect: () => provider,
    clock: manualClock(),
    random: () => 0.5,
    log,
    metrics,
  });
  const result = await appSender.attempt(pushOf(), deviceOf(token), 10_000);
  const { checks } = await assembleHealth({
    links: [],
    registry: { ping: () => Promise.resolve() },
    outbox: { state: { kind: 'working' } },
    guard: { state: { kind: 'watching' } },
    orphans: { counts: new Map() },
    appSenders: new Map([[app.name, appSender]]),
    watched: {},
  });
  return {
    result,
    logged: lines
      .map((line) => JSON.parse(line) as { level: number; reason: string; hint: string; msg: string })
      .filter(({ level }) => level >= 30),
    health: checks[`app:${app.name}`],
    counted: await valuesOf(metrics.attempts),
  };
}

type Fault = readonly [string, RegExp, (t: TestContext) => Promise<object>];

const unreachable: readonly Fault[] = [
  ['connection-refused', /nothing listens .* firewall rejects/, async () => ({ endpoint: await deadOrigin() })],
  [
    'no-address',
    /DNS knows no address .* check the resolver/,
    () => Promise.resolve({ endpoint: 'https://push.invalid' }),
  ],
  ['untrusted', /ca-certificates.* clock/, async () => ({ ca: (await createAuthority()).certificate })],
  [
    'proxy',
    /refuses to connect .* HTTPS_PROXY/,
    async (t) => {
      const proxy = await openConnectProxy(t);
      proxy.answer = 403;
      return { proxy: proxy.settings };
    },
  ],
  [
    'proxy-unreachable',
    /the HTTP proxy cannot be reached .* HTTPS_PROXY/,
    async () => {
      const url = secretOf((await deadOrigin()).replace('https:', 'http:'));
      return { proxy: { url, except: [] } };
    },
  ],
];

async function assertTold(scene: Parameters<typeof report>[0], token: string, reason: string, wayOut: RegExp) {
  const { result, logged, health, counted } = await report(scene, token);
  assert.deepEqual(result, { kind: 'retry', reason, scope: 'app' });
  assert.deepEqual(counted, { [`- ${reason}`]: 1 });
  const [line] = logged;
  assert.equal(logged.length, 1);
  assert.deepEqual([line?.level, line?.reason, line?.msg], [40, reason, 'a push failed and will be sent again']);
  assert.match(line?.hint ?? '', wayOut);
  assert.deepEqual([health?.status, health?.reason], ['warn', `the last push failed with ${reason}`]);
  assert.match(health?.hint ?? '', wayOut);
}

for (const [reason, wayOut, make] of unreachable) {
  test(`unconnected - APNs, ${reason}: log, health and metric name it at the first push, with the way out`, async (t) => {
    await assertTold(await apnsScene(t, { app: await make(t) }), apnsToken, reason, wayOut);
  });

  test(`unconnected - the OAuth server of Google, ${reason}: named at the first push, with the way out`, async (t) => {
    const { endpoint, ...others } = (await make(t)) as { endpoint?: string };
    const app = endpoint === undefined ? others : { tokenEndpoint: endpoint };
    await assertTold(await fcmScene(t, { app }), fcmToken, `oauth-${reason}`, wayOut);
  });
}

test('unconnected - FCM itself, connection-refused: named at the first push', async (t) => {
  const scene = await fcmScene(t, { app: { endpoint: await deadOrigin() } });
  await assertTold(scene, fcmToken, 'connection-refused', /nothing listens/);
});

for (const [code, syscall, reason] of [
  ['EAI_AGAIN', 'getaddrinfo', 'no-address'],
  ['EHOSTUNREACH', 'connect', 'host-unreachable'],
  ['ENETUNREACH', 'connect', 'host-unreachable'],
  ['ETIMEDOUT', 'connect', 'connect-timeout'],
  ['ETIMEDOUT', 'read', 'connection'],
  ['CERT_HAS_EXPIRED', undefined, 'untrusted'],
  ['CERT_NOT_YET_VALID', undefined, 'untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', undefined, 'untrusted'],
  ['ECONNRESET', 'read', 'connection'],
  [undefined, undefined, 'connection'],
] as const) {
  test(`unconnected - ${code} of ${syscall} is ${reason}`, () => {
    assert.equal(connectionFailureOf(Object.assign(new Error('untrusted proxy'), { code, syscall })), reason);
  });
}

test('unconnected - a host that answers nothing is a time-out of connecting, as undici says it', () => {
  assert.equal(connectionFailureOf(new errors.ConnectTimeoutError()), 'connect-timeout');
});

test('unconnected - a push that waited in vain for a connection says why there is none', async () => {
  const clock = manualClock();
  const endpoint = await deadOrigin();
  const transport = createTransport({ origin: endpoint, protocol: 'h2', inFlight: 9, clock, random: () => 0.5 });
  const request = { path: '/', headers: {}, body: Buffer.from('{}'), deadlineMs: 5_000 };
  const refused = { kind: 'failure', reason: 'connection-refused' };
  assert.deepEqual(await transport.send(request), refused);
  // The pause after the first failure is half of 200 ms.
  const waiting = transport.send({ ...request, deadlineMs: 50 });
  clock.advance(50);
  assert.deepEqual(await waiting, refused);
  await transport.drain();
});
