import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import { proxyTo } from '../../../src/providers/transport/proxy.ts';
import { openConnectProxy } from './connect-proxy.ts';
import { apnsScene, fcmScene, secretOf } from '../fixtures.ts';
import { deadOrigin } from './relay.ts';

const delivered = { kind: 'accepted' };
const hostOf = (origin: string) => new URL(origin).host;

test('proxy - APNs goes through one tunnel, with HTTP/2 inside', async (t) => {
  const proxy = await openConnectProxy(t);
  const scene = await apnsScene(t, { app: { proxy: proxy.settings } });
  for (let i = 0; i < 5; i += 1) assert.deepEqual(await scene.send(), delivered);
  assert.deepEqual(proxy.asked, [hostOf(scene.standIn.origin)]);
  assert.equal(scene.standIn.connections, 1);
});

test('proxy - a client certificate reaches APNs through it', async (t) => {
  const proxy = await openConnectProxy(t);
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(['push']);
  const credentials = { kind: 'certificate', file: Buffer.from(certificate + key) } as const;
  const scene = await apnsScene(t, { app: { credentials, proxy: proxy.settings }, standIn: { authority, keys: [] } });
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(scene.standIn.received[0]?.headers['authorization'], undefined);
  assert.equal(proxy.asked.length, 1);
});

test('proxy - it cannot impersonate the provider, whose certificate is checked through the tunnel', async (t) => {
  const proxy = await openConnectProxy(t);
  const stranger = await createAuthority();
  const scene = await apnsScene(t, { app: { ca: stranger.certificate, proxy: proxy.settings } });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'untrusted', scope: 'app' });
  assert.equal(proxy.asked.length > 0, true);
  assert.equal(scene.standIn.received.length, 0);
});

test('proxy - FCM goes through it, and so do the requests for access tokens', async (t) => {
  const proxy = await openConnectProxy(t);
  const scene = await fcmScene(t, { app: { proxy: proxy.settings } });
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => scene.send()));
  assert.deepEqual(
    outcomes,
    Array.from({ length: 20 }, () => delivered),
  );
  assert.equal(scene.standIn.tokensIssued, 1);
  assert.equal(proxy.asked.length, scene.standIn.connections);
  assert.deepEqual(new Set(proxy.asked), new Set([hostOf(scene.standIn.origin)]));
});

test('proxy - a wrong password and a refusing proxy are told apart from an unreachable provider', async (t) => {
  const proxy = await openConnectProxy(t);
  const wrong = { url: secretOf(`http://romeo:wrong@127.0.0.1:${proxy.port}`), except: [] };
  const refused = { kind: 'retry', reason: 'proxy', scope: 'app' };
  const scene = await apnsScene(t, { app: { proxy: wrong } });
  assert.deepEqual(await scene.send(), refused);
  const forbidden = await apnsScene(t, { app: { proxy: proxy.settings } });
  proxy.answer = 403;
  assert.deepEqual(await forbidden.send(), refused);
  const overH1 = await fcmScene(t, { app: { proxy: wrong, tokenEndpoint: scene.standIn.origin } });
  // It gets no access token either, and that is requested first.
  assert.deepEqual(await overH1.send(), { kind: 'retry', reason: 'oauth-proxy', scope: 'app' });
  proxy.answer = 'tunnel';
  assert.deepEqual(await forbidden.send(), delivered);
  assert.equal(scene.standIn.received.length, 0);
});

test('proxy - a proxy without listener is told apart from a provider without one', async (t) => {
  const url = secretOf((await deadOrigin()).replace('https:', 'http:'));
  const scene = await apnsScene(t, { app: { proxy: { url, except: [] } } });
  assert.deepEqual(await scene.send(), { kind: 'retry', reason: 'proxy-unreachable', scope: 'app' });
});

test('proxy - a silent proxy delays a push until its deadline, no longer', async (t) => {
  const proxy = await openConnectProxy(t);
  proxy.answer = 'silence';
  const scene = await apnsScene(t, { app: { proxy: proxy.settings } });
  assert.deepEqual(await scene.send(undefined, {}, {}, 300), { kind: 'retry', reason: 'timeout', scope: 'app' });
});

test('proxy - a tunnel that breaks is replaced by another one', async (t) => {
  const proxy = await openConnectProxy(t);
  const scene = await apnsScene(t, { app: { proxy: proxy.settings } });
  assert.deepEqual(await scene.send(), delivered);
  scene.standIn.script('*', { fault: 'goaway', times: 1 });
  assert.deepEqual(await scene.send(), delivered);
  assert.deepEqual(await scene.send(), delivered);
  assert.equal(proxy.asked.length, 2);
});

test('proxy - hosts in NO_PROXY are reached without it', async (t) => {
  const proxy = await openConnectProxy(t);
  const settings = { ...proxy.settings, except: ['localhost', '127.0.0.1'] };
  const apns = await apnsScene(t, { app: { proxy: settings } });
  const fcm = await fcmScene(t, { app: { proxy: settings } });
  assert.deepEqual([await apns.send(), await fcm.send()], [delivered, delivered]);
  assert.deepEqual(proxy.asked, []);
});

const exceptions: [string, string, boolean][] = [
  ['*', 'api.push.apple.com', true],
  ['apple.com', 'api.push.apple.com', true],
  ['.apple.com', 'api.push.apple.com', true],
  ['*.apple.com', 'api.push.apple.com', true],
  ['API.Push.Apple.com', 'api.push.apple.com', true],
  ['api.push.apple.com.', 'api.push.apple.com', true],
  ['api.push.apple.com:443', 'api.push.apple.com', true],
  ['api.push.apple.com:2197', 'api.push.apple.com', false],
  ['ple.com', 'api.push.apple.com', false],
  ['api', 'api.push.apple.com', false],
  ['.', 'api.push.apple.com', false],
  ['127.0.0.1', '127.0.0.1', true],
  ['::1', '[::1]', true],
  ['[::1]:443', '[::1]', true],
  ['[::1]:444', '[::1]', false],
];
for (const [exception, host, without] of exceptions)
  test(`proxy - NO_PROXY ${exception} ${without ? 'means' : 'does not mean'} ${host}`, () => {
    const settings = { url: secretOf('http://proxy:3128'), except: ['example.org', exception] };
    assert.equal(proxyTo(host, 443, settings) === undefined, without);
  });
