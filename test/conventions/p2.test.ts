import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import type { App } from '../../src/core/app.ts';
import { type Answering, startAnswering, testApp } from '../xmpp/link/answering.ts';

const android = testApp({ name: 'android', provider: 'fcm', ids: ['conversations'], conventions: ['p2'] });
const ios = testApp({ name: 'ios', ids: ['fork'], conventions: ['p2'] });
const token = 'fcmInst:APA91b_-x';
const deviceId = '92afd7a91cdba9a0';
const commandsNamespace = 'http://jabber.org/protocol/commands';

/** As Conversations sends it: fields without type. */
const command = (node: string, fields: Record<string, string>, from = 'romeo@example.net/Conversations.x') =>
  `<iq type='set' id='C1' from='${from}' to='push.example.org'>` +
  `<command xmlns='${commandsNamespace}' node='${node}' action='execute'><x xmlns='jabber:x:data' type='submit'>` +
  Object.entries(fields)
    .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
    .join('') +
  '</x></command></iq>';

async function errorTo(answering: Answering, question: string): Promise<string> {
  const answer = await answering.ask(question);
  const found = /<error type='(\w+)'><([\w-]+) xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'\/><text /.exec(answer);
  assert.ok(found, answer);
  return `${found[1]} ${found[2]}`;
}

/** What p2 stores instead of account and device id. */
const importedAs = (device: string) => createHash('sha1').update(`romeo@example.net\0${device}`).digest('hex');

const expected = {
  app: 'android',
  convention: 'p2',
  account: 'romeo@example.net',
  device: deviceId,
  token,
  withSecret: true,
  component: 'push.example.org',
};

it('p2 - Conversations registers and gets our address, its node and its secret', async () => {
  const answering = startAnswering([android]);
  assert.equal(
    await answering.ask(command('register-push-fcm', { token, 'android-id': deviceId })),
    "<iq type='result' id='C1' from='push.example.org' to='romeo@example.net/Conversations.x'>" +
      `<command xmlns='${commandsNamespace}' node='register-push-fcm' sessionid='1526463999190' status='completed'>` +
      "<x xmlns='jabber:x:data' type='result'>" +
      "<field var='jid' type='text-single'><value>push.example.org</value></field>" +
      "<field var='node' type='text-single'><value>OPAQUE-NODE</value></field>" +
      "<field var='secret' type='text-single'><value>KK4+H5WMfpRG/2zCbuKq6wpX</value></field></x></command></iq>",
  );
  assert.deepEqual(answering.registered, [{ ...expected, importedAs: importedAs(deviceId) }]);
});

it('p2 - device-id comes before android-id, and APNs tokens are folded', async () => {
  const answering = startAnswering([android, ios]);
  await answering.ask(command('register-push-fcm', { token, 'android-id': 'old', 'device-id': 'new' }));
  await answering.ask(command('register-push-fcm', { token, 'android-id': 'old', 'device-id': '' }));
  await answering.ask(command('register-push-apns', { token: 'AB12'.repeat(16), 'device-id': 'new' }));
  assert.deepEqual(answering.registered, [
    { ...expected, device: 'new', importedAs: importedAs('new') },
    { ...expected, device: 'old', importedAs: importedAs('old') },
    { ...expected, app: 'ios', device: 'new', importedAs: importedAs('new'), token: 'ab12'.repeat(16) },
  ]);
});

it('p2 - a room is a registration of its own beside the account', async () => {
  const answering = startAnswering([android]);
  await answering.ask(command('register-push-fcm', { token, 'android-id': deviceId, muc: 'Verona@rooms.example.org' }));
  // SHA-1 of verona@rooms.example.org, NUL and the device id.
  const channel = '4bfee930b5446872c0b6da610b1cae3e195c1f18';
  const device = `${deviceId} ${channel}`;
  assert.deepEqual(answering.registered, [{ ...expected, device, room: 'verona@rooms.example.org' }]);
  for (const fields of [{ muc: 'verona@rooms.example.org' }, { channel }]) {
    await answering.ask(command('unregister-push-fcm', { 'android-id': deviceId, ...fields }));
  }
  const match = { account: 'romeo@example.net', token: device, app: 'android' };
  assert.deepEqual(answering.unregistered, [match, match]);
});

it('p2 - unregistering needs account and device, and is item-not-found for anybody else', async () => {
  const answering = startAnswering([android]);
  const question = command('unregister-push-fcm', { 'android-id': deviceId });
  assert.match(await answering.ask(question), /^<iq type='result' .* status='completed'>/);
  assert.deepEqual(answering.unregistered, [{ account: 'romeo@example.net', token: deviceId, app: 'android' }]);
  answering.removed = 0;
  assert.equal(await errorTo(answering, question), 'cancel item-not-found');
});

it('p2 - what cannot be registered is refused and changes nothing', async () => {
  const answering = startAnswering([android, ios]);
  const good = { token, 'android-id': deviceId };
  const rows: [string, string][] = [
    [command('register-push-fcm', { token }), 'modify bad-request'],
    [command('register-push-fcm', { 'android-id': deviceId }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, token: 'two words' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, token: 'a'.repeat(4_097) }), 'modify bad-request'],
    [command('register-push-apns', { ...good, token: 'no hex' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, 'android-id': 'two words' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, 'android-id': 'tab&#9;' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, 'android-id': 'line\u2028' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, 'android-id': 'a'.repeat(256) }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, muc: 'rooms.example.org' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, muc: 'verona@rooms.example.org/romeo' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, muc: 'two words@rooms.example.org' }), 'modify bad-request'],
    [command('register-push-fcm', { ...good, muc: `${'a'.repeat(2_048)}@rooms.example.org` }), 'modify bad-request'],
    [command('register-push-fcm', good, 'example.net'), 'modify bad-request'],
    [command('unregister-push-fcm', {}), 'modify bad-request'],
    [command('unregister-push-fcm', { 'android-id': deviceId, muc: 'x/y' }), 'modify bad-request'],
    [command('register-push-hms', good), 'cancel item-not-found'],
    [command('register-device', good), 'cancel item-not-found'],
  ];
  for (const [question, error] of rows) assert.equal(await errorTo(answering, question), error, question);
  assert.deepEqual([answering.registered, answering.unregistered], [[], []]);
});

it('p2 - the app is the one with the domain among its ids, or else the only one', async () => {
  const quicksy = testApp({ ...android, name: 'quicksy', ids: ['push.example.org'] });
  const both = testApp({ ...android, name: 'both', ids: ['push.example.org', 'other.example.org'] });
  const elsewhere = testApp({ ...android, name: 'elsewhere', ids: ['elsewhere.example.org'] });
  const rows: [App[], string | undefined][] = [
    [[android], 'android'],
    [[android, testApp({ ids: ['push.example.org'] })], 'android'],
    [[android, quicksy], 'quicksy'],
    [[elsewhere], 'elsewhere'],
    [[android, elsewhere], undefined],
    [[quicksy, both], undefined],
    [[ios], undefined],
  ];
  for (const [apps, app] of rows) {
    const answering = startAnswering(apps);
    const answer = await answering.ask(command('register-push-fcm', { token, 'android-id': deviceId }));
    assert.equal(answering.registered[0]?.app, app, answer);
    if (app === undefined) assert.match(answer, /<item-not-found /);
  }
});

it('p2 - an account that keeps registering is told to wait, others are not', async () => {
  const answering = startAnswering([android]);
  answering.exhausted.add('romeo@example.net');
  const question = command('register-push-fcm', { token, 'android-id': deviceId });
  assert.equal(await errorTo(answering, question), 'wait resource-constraint');
  assert.match(await answering.ask(question.replace('romeo@', 'juliet@')), /^<iq type='result' /);
  assert.deepEqual(
    answering.registered.map(({ account }) => account),
    ['juliet@example.net'],
  );
});
