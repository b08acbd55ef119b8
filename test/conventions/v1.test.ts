import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAnswering, testApp } from '../xmpp/link/answering.ts';

const apps = [
  testApp({ name: 'ios', ids: ['ios'], conventions: ['v1'] }),
  testApp({ name: 'android', provider: 'fcm', ids: ['android'], conventions: ['v1'] }),
];
const commandsNamespace = 'http://jabber.org/protocol/commands';
const id = '5E8B6E0C-51A7-4E7C-9C53-0B6F2D4F9C11';
const token = 'AB12'.repeat(16);

const command = (node: string, fields: Record<string, string>) =>
  `<iq type='set' id='V1' from='romeo@example.net/Monal' to='push.example.org'>` +
  `<command xmlns='${commandsNamespace}' node='${node}' action='execute'><x xmlns='jabber:x:data' type='submit'>` +
  "<field var='FORM_TYPE' type='hidden'><value>https://github.com/tmolitor-stud-tu/mod_push_appserver/#v1-register-push</value></field>" +
  Object.entries(fields)
    .map(([name, value]) => `<field var='${name}' type='hidden'><value>${value}</value></field>`)
    .join('') +
  '</x></command></iq>';

it('v1 - a device registers under its own name and gets a generated node', async () => {
  const answering = startAnswering(apps);
  assert.equal(
    await answering.ask(command('v1-register-push', { type: 'apns', node: id, token })),
    "<iq type='result' id='V1' from='push.example.org' to='romeo@example.net/Monal'>" +
      `<command xmlns='${commandsNamespace}' node='v1-register-push' sessionid='1526463999190' status='complete'>` +
      "<x xmlns='jabber:x:data' type='result'>" +
      "<field var='jid' type='jid-single'><value>push.example.org</value></field>" +
      "<field var='node' type='text-single'><value>OPAQUE-NODE</value></field>" +
      "<field var='secret' type='text-single'><value>KK4+H5WMfpRG/2zCbuKq6wpX</value></field></x></command></iq>",
  );
  await answering.ask(command('v1-register-push', { type: 'fcm', node: id, token: 'fcm-token' }));
  const expected = {
    app: 'ios',
    convention: 'v1',
    account: 'romeo@example.net',
    device: id,
    token: token.toLowerCase(),
    withSecret: true,
    component: 'push.example.org',
  };
  assert.deepEqual(answering.registered, [expected, { ...expected, app: 'android', token: 'fcm-token' }]);
});

it('v1 - unregistering accepts the client’s name or the node of the answer', async () => {
  const answering = startAnswering(apps);
  assert.match(
    await answering.ask(command('v1-unregister-push', { type: 'apns', node: id })),
    /^<iq type='result' .* status='complete'>/,
  );
  assert.deepEqual(answering.unregistered, [{ account: 'romeo@example.net', token: id, app: 'ios' }]);
  answering.removed = 0;
  assert.match(
    await answering.ask(command('v1-unregister-push', { type: 'apns', node: 'OPAQUE-NODE' })),
    /item-not-found/,
  );
});

it('v1 - what cannot be registered is refused and changes nothing', async () => {
  const answering = startAnswering(apps);
  const good = { type: 'apns', node: id, token };
  const rows: [Record<string, string>, string][] = [
    [{ node: id, token }, 'not-acceptable'],
    [{ ...good, type: 'hms' }, 'not-acceptable'],
    [{ ...good, type: '__proto__' }, 'not-acceptable'],
    [{ type: 'apns', token }, 'bad-request'],
    [{ ...good, node: 'a'.repeat(256) }, 'bad-request'],
    [{ ...good, node: 'a b' }, 'bad-request'],
    [{ type: 'apns', node: id }, 'bad-request'],
    [{ ...good, token: 'no hex' }, 'bad-request'],
  ];
  for (const [fields, condition] of rows) {
    const answer = await answering.ask(command('v1-register-push', fields));
    assert.match(answer, new RegExp(`<error type='modify'><${condition} `), JSON.stringify(fields));
  }
  for (const fields of [{ node: id }, { type: 'apns' }]) {
    assert.match(await answering.ask(command('v1-unregister-push', fields)), /<error type='modify'>/);
  }
  assert.deepEqual([answering.registered, answering.unregistered], [[], []]);
});
