import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareConfigs } from '../../src/config/changes.ts';
import { parseConfig } from '../../src/config/config.ts';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { createSources, p8, serviceAccount } from './files.ts';

const link = { service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 'juliet' };
const siskin = {
  provider: 'apns',
  ids: ['tigase:messenger:apns:1'],
  topic: 'org.example.messenger',
  key: { file: 'certs/AuthKey_ABC1234567.p8', id: 'ABC1234567', team: 'TEAM123456' },
};
const android = { provider: 'fcm', ids: ['fcm-xmpp-api'], serviceAccount: { file: 'certs/service-account.json' } };
const usual = { xmpp: [link], apps: { siskin, android } };

function changesTo(
  after: object,
  { before = usual, sources = createSources() }: { before?: object; sources?: ReturnType<typeof createSources> } = {},
) {
  const { added, changed, removed, ...others } = compareConfigs(
    parseConfig(before, createSources()),
    parseConfig(after, sources),
  );
  const names = (apps: readonly { readonly name: string }[]) => apps.map(({ name }) => name);
  return { added: names(added), changed: names(changed), removed, ...others };
}

const none = { added: [], changed: [], removed: [], limits: false, level: false, needRestart: [] };

test('config changes - a config that was read again unchanged has none, secrets included', () => {
  assert.deepEqual(changesTo(usual), none);
});

test('config changes - apps come, go and change', () => {
  const apps = { siskin: { ...siskin, ttl: '1d' }, other: { ...android, ids: ['other'] } };
  assert.deepEqual(changesTo({ ...usual, apps }), {
    ...none,
    added: ['other'],
    changed: ['siskin'],
    removed: ['android'],
  });
});

test('config changes - limits and the level are told apart from the form of the log', () => {
  const limits = { pushesPerRegistration: { burst: 1, perMinute: 1 } };
  assert.deepEqual(changesTo({ ...usual, limits }), { ...none, limits: true });
  assert.deepEqual(changesTo({ ...usual, log: { level: 'debug' } }), { ...none, level: true });
  assert.deepEqual(changesTo({ ...usual, log: { format: 'text' } }), { ...none, needRestart: ['log.format'] });
});

test('config changes - whatever is made at the start needs a restart', () => {
  for (const [key, value] of [
    ['xmpp', [{ ...link, secret: 'capulet' }]],
    ['http', { ops: { port: 9_999 } }],
    ['store', 'sqlite:./other.db'],
    ['nodes', { maxLength: 300 }],
    ['admin', { token: 'capulet' }],
    ['credentials', { checkInterval: '1m' }],
  ] as const) {
    assert.deepEqual(changesTo({ ...usual, [key]: value }), { ...none, needRestart: [key] }, key);
  }
});

test('config changes - the routes of an app over HTTP are made at the start, too', () => {
  const over = (token: string) => ({ ...siskin, conventions: ['tigase', 'http'], api: { token: token.repeat(24) } });
  const before = { ...usual, apps: { siskin: over('a'), android } };
  assert.deepEqual(changesTo({ ...usual, apps: { siskin: over('b'), android } }, { before }), {
    ...none,
    changed: ['siskin'],
    needRestart: ['apps.siskin (its HTTP API)'],
  });
  assert.deepEqual(changesTo(usual, { before }).needRestart, ['apps.siskin (its HTTP API)']);
});

test('config changes - new content of credential files is left to those who watch them', async () => {
  const { certificate, key } = await (await createAuthority()).issue(['push']);
  const next = await (await createAuthority()).issue(['push']);
  const { key: _key, ...app } = siskin;
  const config = { ...usual, apps: { siskin: { ...app, cert: { file: 'certs/push.pem' } }, android } };
  const read = (pem: string) => createSources({ '/etc/sealpost/certs/push.pem': pem });
  const before = parseConfig(config, read(certificate + key));
  const after = parseConfig(config, read(next.certificate + next.key));
  assert.deepEqual(compareConfigs(before, after).changed, []);
  const project = JSON.stringify({ ...serviceAccount, project_id: 'messenger-2' });
  const sources = createSources({ '/etc/sealpost/certs/service-account.json': project });
  assert.deepEqual(changesTo(usual, { sources }), none);
  // A key that stands in the config itself is a setting.
  const inline = { ...usual, apps: { siskin: { ...siskin, key: { ...siskin.key, file: p8 } }, android } };
  assert.deepEqual(changesTo(inline), { ...none, changed: ['siskin'] });
});
