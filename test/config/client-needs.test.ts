import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnOfClientNeeds } from '../../src/config/client-needs.ts';
import { apnsAppOf, fcmAppOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';

test('client needs - an app that carries into the background of Siskin or Snikket is named, each client once', () => {
  const { log, lines } = recordedLog();
  const ids = ['tigase:messenger:apns:1', 'snikket:apns:1'];
  const apps = [
    apnsAppOf({ name: 'both', ids }),
    apnsAppOf({ name: 'bare', ids, unimportant: 'bare' }),
    apnsAppOf({ name: 'none', ids, unimportant: 'drop' }),
    apnsAppOf({ name: 'own', ids: ['org.example.messenger'] }),
    fcmAppOf(),
  ];
  warnOfClientNeeds({ apps, log });
  const hint = 'Set apps.both.unimportant: bare. The client does nothing with such content.';
  assert.deepEqual(
    lines.map((line) => {
      const { level, app, hint: advice, msg } = JSON.parse(line) as Record<string, unknown>;
      return { level, app, hint: advice, msg };
    }),
    ['Siskin IM', 'Snikket for iOS'].map((client) => {
      return { level: 40, app: 'both', hint, msg: `${client} crashes on sealed content in the background` };
    }),
  );
});
