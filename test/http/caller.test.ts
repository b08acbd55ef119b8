import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { request } from 'undici';
import { createPublicListener } from '../../src/http/public.ts';
import { manualClock } from '../support/clock.ts';
import { quietTelemetry, recordedLog } from '../support/telemetry.ts';

/** The public listener as a proxy on this machine reaches it. */
async function start(t: TestContext, trustProxy: readonly string[]) {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const listener = await createPublicListener({
    host: '127.0.0.1',
    port: 0,
    trustProxy,
    domains: ['push.example.org'],
    unregister: () => Promise.resolve(1),
    clock,
    log,
    metrics: quietTelemetry().metrics,
  });
  t.after(() => listener.close());
  /** The status of a request with these headers `X-Forwarded-For`. */
  const ask = async (...forwardedFor: readonly string[]): Promise<number> => {
    const { statusCode, body } = await request(`${listener.url}/unregister-device/push.example.org`, {
      method: 'POST',
      headers: { 'x-forwarded-for': [...forwardedFor] },
      body: '{"account":"romeo@example.net","device-token":"9F"}',
    });
    await body.dump();
    return statusCode;
  };
  /** How many of 40 requests are answered; an address may send 30 at once. */
  const answered = async (headersOf: (n: number) => readonly string[]) => {
    let count = 0;
    for (let n = 0; n < 40; n += 1) if ((await ask(...headersOf(n))) === 200) count += 1;
    return count;
  };
  return { ask, answered, clock, lines };
}

/** What one client at 203.0.113.7 can send. The proxy appends that address, as a new header or to the existing one. */
const forged: readonly [string, (n: number) => readonly string[]][] = [
  ['an address before its own', (n) => [`198.51.100.${n}, 203.0.113.7`]],
  ['many addresses before its own', (n) => [`10.0.0.${n}, 127.0.0.1, ::1, 198.51.100.${n}, 203.0.113.7`]],
  ['an address of the proxy before its own', () => ['127.0.0.1, 203.0.113.7']],
  ['what is no address before its own', (n) => [`client-${n}, 203.0.113.7`]],
  ['commas before its own', (n) => [`${','.repeat(n)}203.0.113.7`]],
  ['a header of its own before that of the proxy', (n) => [`198.51.100.${n}`, '203.0.113.7']],
  ['another port each time, where the proxy writes ports', (n) => [`198.51.100.${n}:80, 203.0.113.7:${1024 + n}`]],
  ['another port each time, by IPv6', (n) => [`[2001:db8::7]:${1024 + n}`]],
];

for (const [what, headersOf] of forged) {
  test(`caller - ${what} does not evade the limit`, async (t) => {
    const { answered, ask } = await start(t, ['loopback']);
    assert.equal(await answered(headersOf), 30);
    assert.equal(await ask('203.0.113.8'), 200);
  });
}

for (const header of ['client', 'unknown', '203.0.113.7.example', '203.0.113.7:x', '_hidden', '[2001:db8::7', '']) {
  test(`caller - “${header}” was written by a client, so the request counts for the proxy that passed it on`, async (t) => {
    const { answered } = await start(t, ['loopback']);
    assert.equal(await answered((n) => [header === '' ? '' : `${header}${n}`]), 30);
  });
}

test('caller - of several proxies in a row, the nearest untrusted one counts', async (t) => {
  const { answered, ask } = await start(t, ['loopback', '192.0.2.0/24']);
  assert.equal(await answered((n) => [`198.51.100.${n}, 203.0.113.7, 192.0.2.1, 192.0.2.2:443`]), 30);
  assert.equal(await ask('203.0.113.8, 192.0.2.1'), 200);
});

test('caller - without a trusted proxy the header is ignored', async (t) => {
  const { answered } = await start(t, []);
  assert.equal(await answered((n) => [`198.51.100.${n}`]), 30);
});

test('caller - a warning names a proxy that passes on what clients write, once an hour', async (t) => {
  const { ask, lines, clock } = await start(t, ['loopback']);
  await ask('203.0.113.7');
  assert.deepEqual(lines, []);
  await ask();
  await ask('203.0.113.7');
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"level":40,.*only some requests of a trusted proxy have X-Forwarded-For/);
  assert.doesNotMatch(lines.join(), /203\.0\.113|127\.0\.0\.1/);
  clock.advance(3_600_000);
  await ask();
  assert.equal(lines.length, 2);
});

test('caller - there is no warning about an untrusted peer', async (t) => {
  const { ask, lines } = await start(t, ['10.0.0.0/8']);
  await ask('203.0.113.7');
  await ask();
  assert.deepEqual(lines, []);
});
