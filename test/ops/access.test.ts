import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test, type TestContext } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { createOpsListener } from '../../src/ops/listener.ts';
import { manualClock } from '../support/clock.ts';
import { createSecret } from '../support/secret.ts';
import { quietTelemetry } from '../support/telemetry.ts';
import { adminOf } from './admin.ts';

const right = { authorization: 'Bearer right' };

async function start(t: TestContext) {
  const clock = manualClock();
  const listener = await createOpsListener({
    ...{ host: '127.0.0.1', port: 0, clock },
    health: () => Promise.resolve({ status: 'pass', checks: {} }),
    admin: adminOf({ token: createSecret('right'), hosts: ['ops.example.org'] }),
    ...quietTelemetry(),
  });
  t.after(() => listener.close());
  // `fetch` writes the Host itself.
  const ask = (headers: Readonly<Record<string, string>>, path = '/guard') =>
    new Promise<{ status: number; retryAfter: string | undefined; text: string }>((resolve, reject) => {
      const sent = request(`${listener.url}${path}`, { headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text }),
        );
      });
      sent.on('error', reject).end();
    });
  return { ask, clock, url: listener.url, port: new URL(listener.url).port };
}

test('admin access - under a foreign name the API refuses, so that no web page reaches it by DNS', async (t) => {
  const { ask, port } = await start(t);
  const foreign = [
    'evil.example',
    `evil.example:${port}`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'sealpost',
  ];
  for (const host of [...foreign, `127.0.0.1:${port}@evil.example`, 'ops.example.org.evil.example']) {
    const { status, text } = await ask({ ...right, host });
    assert.equal(status, 421, host);
    assert.match(text, /admin\.hosts/, host);
  }
  const own = [
    '127.0.0.1',
    `localhost:${port}`,
    `[::1]:${port}`,
    'sealpost.localhost',
    'OPS.example.org',
    '10.0.0.7:1',
  ];
  for (const host of own) assert.equal((await ask({ ...right, host })).status, 200, host);
  // Prometheus and probes may use any name.
  assert.equal((await ask({ host: 'sealpost:9090' }, '/metrics')).status, 200);
});

test('admin access - what a page of another site sends is refused, with the right token too', async (t) => {
  const { ask, port } = await start(t);
  const own = `http://127.0.0.1:${port}`;
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `https://127.0.0.1:${port}` },
    { origin: 'http://127.0.0.1:1' },
    { origin: own, 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal((await ask({ ...right, ...headers })).status, 403, JSON.stringify(headers));
  }
  for (const headers of [{ 'sec-fetch-site': 'same-origin', origin: own }, { 'sec-fetch-site': 'none' }]) {
    assert.equal((await ask({ ...right, ...headers })).status, 200, JSON.stringify(headers));
  }
});

test('admin access - tokens are tried 20 times, then one in five seconds; who has the token is not kept out by that', async (t) => {
  const { ask, clock } = await start(t);
  for (let i = 0; i < 20; i += 1) assert.equal((await ask({ authorization: `Bearer ${i}` })).status, 401);
  const { status, retryAfter } = await ask({});
  assert.deepEqual([status, retryAfter], [429, '5']);
  assert.equal((await ask(right)).status, 200);
  clock.advance(5_000);
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({})).status, 429);
});

test('admin access - the token is good for 200 requests at once and 20 a second', async (t) => {
  const { ask, clock } = await start(t);
  for (let i = 0; i < 200; i += 1) assert.equal((await ask(right)).status, 200);
  assert.deepEqual((await ask(right)).status, 429);
  clock.advance(50);
  assert.equal((await ask(right)).status, 200);
  assert.equal((await ask(right)).status, 429);
});

test('admin access - the OpenAPI document is valid, names every route, and is behind the token', async (t) => {
  const { ask } = await start(t);
  assert.equal((await ask({}, '/admin/openapi.json')).status, 401);
  const { status, text } = await ask(right, '/admin/openapi.json');
  assert.equal(status, 200);
  const document = JSON.parse(text) as { paths: Record<string, Record<string, { operationId?: string }>> };
  const { valid, errors } = await new Validator().validate(document);
  assert.ok(valid, JSON.stringify(errors));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(operations.toSorted(), [
    'DELETE /devices/{fingerprint}',
    'GET /console/live',
    'GET /devices',
    'GET /devices/list',
    'GET /guard',
    'GET /trace',
    'POST /accounts/forget',
    'POST /devices/{fingerprint}/test',
    'POST /guard/release',
  ]);
});
