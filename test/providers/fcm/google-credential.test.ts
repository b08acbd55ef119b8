import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { createAuthority, createServiceAccount } from '../../../src/harness/stand-ins/certificates.ts';
import { googleCredential } from '../../../src/providers/fcm/google-credential.ts';
import { readServiceAccount } from '../../../src/providers/fcm/service-account.ts';
import type { ProxySettings } from '../../../src/core/app.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { soon, turnsUntil } from '../../support/clock.ts';
import { openConnectProxy } from '../transport/connect-proxy.ts';

const sender = await createServiceAccount('sealpost-test');
const account = readServiceAccount(Buffer.from(sender.json));

interface OauthOptions {
  /** Name in its URL. Default: localhost. */
  readonly hostname?: string;
  /** That leads to it. */
  readonly proxy?: ProxySettings;
}

/** An OAuth server with a certificate for this name alone; without answers it hangs. */
async function startOauth(
  t: TestContext,
  name: string,
  answers: readonly (readonly [status: number, body: object])[],
  { hostname = 'localhost', proxy }: OauthOptions = {},
) {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue([name]);
  const asked: { path: string; grant: string | null }[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void text(request).then((body) => {
      asked.push({ path: request.url ?? '', grant: new URLSearchParams(body).get('grant_type') });
      const next = answers[Math.min(asked.length, answers.length) - 1];
      if (!next) return;
      const [status, answer] = next;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  /** What the client named in its greeting (RFC 6066 section 3). */
  const named: (string | false | null)[] = [];
  server.on('secureConnection', ({ servername }) => named.push(servername));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const tokenEndpoint = `https://${hostname}:${port}`;
  return {
    asked,
    named,
    port,
    credential: googleCredential({
      ...{ account, tokenEndpoint, ca: authority.certificate, clock: systemClock },
      ...(proxy && { proxy }),
    }),
  };
}

const granted = [200, { access_token: 'ya29.example', expires_in: 3_599, token_type: 'Bearer' }] as const;

test('Google credential - a configured OAuth server is verified under the name in its URL', async (t) => {
  const { asked, credential } = await startOauth(t, 'localhost', [granted]);
  assert.deepEqual(await credential.getAccessToken(), { access_token: 'ya29.example', expires_in: 3_599 });
  assert.deepEqual(asked, [{ path: '/token', grant: 'urn:ietf:params:oauth:grant-type:jwt-bearer' }]);
});

test('Google credential - a certificate for Google’s name is not accepted for another host', async (t) => {
  const { asked, credential } = await startOauth(t, 'oauth2.googleapis.com', [granted]);
  await assert.rejects(credential.getAccessToken(), (error: { code?: unknown }) => {
    assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    return true;
  });
  assert.deepEqual(asked, []);
});

const elsewhere = 'oauth.example.org';

test('Google credential - through a proxy too, the OAuth server is asked for and verified under the name in its URL', async (t) => {
  const proxy = await openConnectProxy(t, { [elsewhere]: '127.0.0.1' });
  const through = { hostname: elsewhere, proxy: proxy.settings };
  const { asked, named, port, credential } = await startOauth(t, elsewhere, [granted], through);
  assert.deepEqual(await credential.getAccessToken(), { access_token: 'ya29.example', expires_in: 3_599 });
  assert.deepEqual([proxy.asked, named, asked.length], [[`${elsewhere}:${port}`], [elsewhere], 1]);
});

test('Google credential - through a proxy, a certificate for another name passes no more than without', async (t) => {
  for (const name of ['oauth2.googleapis.com', 'localhost']) {
    const proxy = await openConnectProxy(t, { [elsewhere]: '127.0.0.1' });
    const through = { hostname: elsewhere, proxy: proxy.settings };
    const { asked, credential } = await startOauth(t, name, [granted], through);
    await assert.rejects(credential.getAccessToken(), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    assert.deepEqual(asked, []);
  }
});

test('Google credential - each call asks again, and no token is kept', async (t) => {
  const second = [200, { access_token: 'second', expires_in: 60 }] as const;
  const { credential } = await startOauth(t, 'localhost', [granted, second]);
  await credential.getAccessToken();
  assert.deepEqual(await credential.getAccessToken(), { access_token: 'second', expires_in: 60 });
});

test('Google credential - a refusal and a failing server are not asked again, and their status is reported', async (t) => {
  const { asked, credential } = await startOauth(t, 'localhost', [
    [400, { error: 'invalid_grant' }],
    [503, { error: 'unavailable' }],
    [200, { token_type: 'Bearer' }],
    [200, { access_token: 'ya29.example', token_type: 'Bearer' }],
  ]);
  for (const status of [400, 503]) {
    await assert.rejects(credential.getAccessToken(), (error: { response?: { status?: unknown } }) => {
      assert.equal(error.response?.status, status);
      return true;
    });
  }
  await assert.rejects(credential.getAccessToken(), /an answer without access token/);
  // Nobody knows how long it lives.
  await assert.rejects(credential.getAccessToken(), /an answer without access token/);
  assert.equal(asked.length, 4);
});

test('Google credential - a server that hangs is given up with the signal, and no request follows', async (t) => {
  const { asked, credential } = await startOauth(t, 'localhost', []);
  const abort = new AbortController();
  const waiting = credential.getAccessToken(abort.signal);
  waiting.catch(() => {});
  await turnsUntil('it is asked', () => asked.length > 0);
  abort.abort();
  await assert.rejects(soon('the end of the request', waiting), { code: 'ECONNRESET' });
  await assert.rejects(soon('the refusal', credential.getAccessToken(abort.signal)), { name: 'AbortError' });
  assert.equal(asked.length, 1);
});
