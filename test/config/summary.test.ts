import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { logSummary } from '../../src/config/summary.ts';
import { recordedLog } from '../support/telemetry.ts';
import { createSources } from './files.ts';

const config = {
  xmpp: [
    { service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 'juliet' },
    { service: 'xmpps://[::1]', domain: 'push.example.net', secret: 'juliet', connections: 2 },
  ],
  apps: {
    siskin: {
      provider: 'apns',
      ids: ['tigase:messenger:apns:1'],
      conventions: ['tigase', 'p2'],
      topic: 'org.example.messenger',
      key: { file: 'certs/AuthKey_ABC1234567.p8', id: 'ABC1234567', team: 'TEAM123456' },
    },
    android: { provider: 'fcm', ids: ['fcm-xmpp-api'], serviceAccount: { file: 'certs/service-account.json' } },
  },
};

function summaryOf(more: object): Record<string, unknown>[] {
  const { log, lines } = recordedLog();
  logSummary({ config: parseConfig({ ...config, ...more }, createSources()), version: '1.2.3', log });
  return lines.map((line) => {
    const { time: _, level, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.equal(level, 30);
    return rest;
  });
}

test('summary - the start tells version, store, links and apps, and no secret', () => {
  assert.deepEqual(summaryOf({ store: 'sqlite:./data/sealpost.db' }), [
    { version: '1.2.3', msg: `Sealpost starts on Node ${process.versions.node}` },
    { file: '/etc/sealpost/data/sealpost.db', msg: 'the store is a SQLite file' },
    {
      link: 'push.example.com',
      url: 'xmpp://127.0.0.1:5347',
      count: 1,
      msg: 'a component link belongs to this server',
    },
    { link: 'push.example.net', url: 'xmpps://[::1]:5347', count: 2, msg: 'a component link belongs to this server' },
    { app: 'siskin', provider: 'apns', conventions: 'tigase, p2', msg: 'an app is served' },
    { app: 'android', provider: 'fcm', conventions: 'tigase', msg: 'an app is served' },
  ]);
});

test('summary - of a PostgreSQL database host and name are told, neither user nor password nor options', () => {
  const [, store] = summaryOf({ store: 'postgres://romeo:juliet@db.example.com:5433/push?sslkey=juliet' });
  assert.deepEqual(store, { url: 'postgres://db.example.com:5433/push', msg: 'the store is a PostgreSQL database' });
});
