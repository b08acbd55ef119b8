import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ConfigError, parseConfig } from '../../src/config/config.ts';
import { createSources } from './files.ts';

const apns = {
  provider: 'apns',
  ids: ['tigase:messenger:apns:1'],
  topic: 'org.example.messenger',
  key: { file: 'certs/AuthKey_ABC1234567.p8', id: 'ABC1234567', team: 'TEAM123456' },
};
const fcm = { provider: 'fcm', ids: ['fcm-xmpp-api'], serviceAccount: { file: 'certs/service-account.json' } };

/** What the config makes of `proxy:` of an app, or the problems that it has. */
function proxyOf(proxy: unknown, env: Record<string, string> = {}, app: object = apns) {
  const given = { ...app, ...(proxy !== undefined && { proxy }) };
  const xmpp = [{ service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 'juliet' }];
  try {
    const [only] = parseConfig({ xmpp, apps: { app: given } }, createSources({}, env)).apps;
    assert.ok(only);
    assert.doesNotMatch(`${inspect(only)} ${JSON.stringify(only)}`, /hunter2/);
    return only.proxy && { url: only.proxy.url.reveal(), except: only.proxy.except };
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.doesNotMatch(error.message, /hunter2/);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const url = 'http://romeo:hunter2@proxy.example:3128';

test('config - proxy: of an app, for both providers, from the environment too', () => {
  for (const app of [apns, fcm]) {
    assert.deepEqual(proxyOf(url, {}, app), { url, except: [] });
    assert.deepEqual(proxyOf({ env: 'PUSH_PROXY' }, { PUSH_PROXY: url }, app), { url, except: [] });
    assert.equal(proxyOf(undefined, {}, app), undefined);
  }
});

test('config - without proxy: HTTPS_PROXY and NO_PROXY count, in lower case first', () => {
  const except = ['localhost', '.example.org', '10.0.0.1'];
  assert.deepEqual(proxyOf(undefined, { HTTPS_PROXY: url, NO_PROXY: 'localhost, .example.org 10.0.0.1,' }), {
    url,
    except,
  });
  assert.deepEqual(
    proxyOf(undefined, { HTTPS_PROXY: 'http://other:1', https_proxy: url, no_proxy: '*', NO_PROXY: 'x' }),
    { url, except: ['*'] },
  );
  assert.equal(proxyOf(undefined, { HTTP_PROXY: url, HTTPS_PROXY: '' }), undefined);
});

test('config - proxy: of an app wins over the environment, and none is none', () => {
  const env = { HTTPS_PROXY: 'http://other:1', NO_PROXY: '*' };
  assert.deepEqual(proxyOf(url, env), { url, except: [] });
  assert.equal(proxyOf('none', env), undefined);
});

test('config - what is no proxy is refused, and its password not shown', () => {
  for (const wrong of [
    'proxy.example:3128',
    'socks5://romeo:hunter2@proxy:1080',
    `${url}/path`,
    'http://a:hunter2%@b:1',
  ])
    assert.deepEqual(proxyOf(wrong), ['apps.app.proxy: is not the URL of an HTTP proxy']);
  assert.deepEqual(proxyOf(undefined, { HTTPS_PROXY: 'socks5://romeo:hunter2@proxy:1080' }), [
    'apps.app.proxy: is taken from HTTPS_PROXY, which is not the URL of an HTTP proxy',
  ]);
  assert.deepEqual(proxyOf(7), ['apps.app.proxy: expected text, found a number']);
});
