import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Health } from '../../src/ops/health-report.ts';
import { createOpsListener } from '../../src/ops/listener.ts';
import { collectRuntimeMetrics } from '../../src/telemetry/metrics.ts';
import { adminOf } from './admin.ts';
import { turnsUntil } from '../support/clock.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

async function start(t: TestContext, health: () => Promise<Health>) {
  const { log, lines } = recordedLog();
  const { metrics } = quietTelemetry();
  const listener = await createOpsListener({ host: '127.0.0.1', port: 0, health, admin: adminOf(), metrics, log });
  t.after(() => listener.close());
  const get = async (path: string) => {
    const response = await fetch(`${listener.url}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  return { ...listener, get, metrics, lines };
}

const states: readonly [number, Health][] = [
  [200, { status: 'pass', checks: { store: { status: 'pass' } } }],
  [
    200,
    {
      status: 'warn',
      checks: { 'app:siskin': { status: 'warn', reason: 'the provider refuses us', hint: 'look at the key' } },
    },
  ],
  [503, { status: 'fail', checks: { 'link:push.example.org': { status: 'fail', reason: 'connecting' } } }],
];

for (const [status, state] of states) {
  test(`ops - readiness that is ${state.status} is answered ${status} with every reason`, async (t) => {
    const { get } = await start(t, () => Promise.resolve(state));
    const answer = await get('/readyz');
    assert.deepEqual([answer.status, answer.type], [status, 'application/json; charset=utf-8']);
    assert.deepEqual(JSON.parse(answer.text), state);
  });
}

test('ops - what prom-client collects of process and Node is served beside our own', async (t) => {
  const { get, metrics } = await start(t, () => Promise.reject(new Error('not asked')));
  assert.doesNotMatch((await get('/metrics')).text, /^(process|nodejs)_/m);
  collectRuntimeMetrics(metrics);
  const { text } = await get('/metrics');
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds'])
    assert.match(text, new RegExp(`^${name} [\\d.e-]+$`, 'm'));
  assert.match(text, /^sealpost_build_info/m);
});

test('ops - a failing component does not make the process unhealthy', async (t) => {
  const { get } = await start(t, () => Promise.reject(new Error('nothing works')));
  const { status, text } = await get('/healthz');
  assert.deepEqual([status, text], [200, '{"status":"pass"}']);
});

test('ops - a readiness check that fails is reported without details', async (t) => {
  const { get, lines } = await start(t, () => Promise.reject(new Error('token 9F3C')));
  const { status, text } = await get('/readyz');
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(text), {
    status: 'fail',
    checks: { health: { status: 'fail', reason: 'the health check failed' } },
  });
  assert.match(lines.join(''), /the health check failed/);
  assert.doesNotMatch(lines.join('') + text, /9F3C/);
});

test('ops - simultaneous probes share one check', async (t) => {
  const looks: PromiseWithResolvers<Health>[] = [];
  const { url, get } = await start(t, () => {
    const look = Promise.withResolvers<Health>();
    looks.push(look);
    return look.promise;
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  t.after(() => socket.destroy());
  // In one packet, so that all have arrived before the first is answered.
  socket.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  await turnsUntil('a look', () => looks.length > 0);
  looks[0]?.resolve({ status: 'pass', checks: {} });
  await turnsUntil('twenty answers', () => text.split('HTTP/1.1 200 OK').length === 21);
  assert.equal(looks.length, 1);

  const later = get('/readyz');
  await turnsUntil('another look', () => looks.length > 1);
  looks[1]?.resolve({ status: 'pass', checks: {} });
  assert.equal((await later).status, 200);
});

test('ops - metrics are Prometheus text', async (t) => {
  const { get, metrics } = await start(t, () => Promise.resolve({ status: 'pass', checks: {} }));
  metrics.pushes.inc({ app: 'siskin', result: 'accepted' });
  const { status, type, text } = await get('/metrics');
  assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  assert.match(text, /^sealpost_pushes_total\{app="siskin",result="accepted"\} 1$/m);
});

test('ops - anything else is not found', async (t) => {
  const { get } = await start(t, () => Promise.resolve({ status: 'pass', checks: {} }));
  for (const path of ['/console', '/readyz/', '/unregister-device/push.example.org', '/%2e%2e/etc/passwd']) {
    const { status, text } = await get(path);
    assert.deepEqual([status, text], [404, '{"error":"not found"}'], path);
  }
});
