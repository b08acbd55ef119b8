import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import type { RegistrationRequest } from '../../src/core/registration.ts';
import { type Answering, startAnswering, testApp } from '../xmpp/link/answering.ts';

const apps = [
  testApp({ ids: ['tigase:messenger:apns:1', 'snikket:apns:1'] }),
  testApp({ name: 'stork', provider: 'fcm', ids: ['fcm-xmpp-api'] }),
  testApp({ name: 'monal', ids: ['monalProdiOS'], conventions: ['raw-token'] }),
];
const addresses = "from='Romeo@example.net/phone' to='push.example.org'";
const swapped = "from='push.example.org' to='Romeo@example.net/phone'";
const commandsNamespace = 'http://jabber.org/protocol/commands';
const upper = '9F3C'.repeat(16);
const second = '77ab'.repeat(16);

/** As Siskin and Snikket send it: no action, no session id, no FORM_TYPE. */
const command = (node: string, fields: string, attributes = '') =>
  `<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}' node='${node}'${attributes}>` +
  `<x xmlns='jabber:x:data' type='submit'>${fields}</x></command></iq>`;
const field = (name: string, value: string, type = 'text-single') =>
  `<field var='${name}' type='${type}'><value>${value}</value></field>`;
const provider = field('provider', 'tigase:messenger:apns:1');
const token = field('device-token', upper);

const completed = (node: string, fields: string, sessionId = '1526463999190') =>
  `<iq type='result' id='A1' ${swapped}><command xmlns='${commandsNamespace}' node='${node}' sessionid='${sessionId}' ` +
  `status='completed'><x xmlns='jabber:x:data' type='result'>${fields}</x></command></iq>`;
/** 3,072 less the 17 characters of the account: the result of the stub of `largestCiphertext`. */
const registeredFields =
  "<field var='node' type='text-single'><value>OPAQUE-NODE</value></field>" +
  "<field var='features' type='text-multi'><value>tigase:push:encrypt:0</value></field>" +
  "<field var='max-payload-size' type='text-single'><value>3055</value></field>";

async function errorTo(answering: Answering, question: string): Promise<string> {
  const answer = await answering.ask(question);
  const found =
    /<error type='(\w+)'><([\w-]+) xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'\/><text [^>]*>[^<]+<\/text>(?:<([\w-]+) xmlns='http:\/\/jabber.org\/protocol\/commands'\/>)?<\/error>/.exec(
      answer,
    );
  assert.ok(found, answer);
  return [found[1], found[2], found[3]].filter((word) => word !== undefined).join(' ');
}

const siskin: RegistrationRequest = {
  app: 'siskin',
  convention: 'tigase' satisfies Registration['convention'],
  account: 'Romeo@example.net',
  device: upper.toLowerCase(),
  token: upper.toLowerCase(),
  withSecret: false,
  component: 'push.example.org',
};

it('tigase - Siskin registers, with and without a PushKit token', async () => {
  const answering = startAnswering(apps);
  assert.equal(
    await answering.ask(command('register-device', provider + token)),
    completed('register-device', registeredFields),
  );
  await answering.ask(command('register-device', provider + token + field('device-second-token', second)));
  await answering.ask(command('register-device', provider + token + field('device-second-token', '')));
  assert.deepEqual(answering.registered, [siskin, { ...siskin, secondToken: second }, siskin]);
});

it('tigase - Snikket has another provider id for the same app', async () => {
  const answering = startAnswering(apps);
  await answering.ask(command('register-device', field('provider', 'snikket:apns:1') + token));
  assert.deepEqual(answering.registered, [siskin]);
});

it('tigase - Stork sends its provider as list-single, and an FCM token keeps its case', async () => {
  const answering = startAnswering(apps);
  const fields = field('provider', 'fcm-xmpp-api', 'list-single') + field('device-token', 'fcmInst:APA91b_-x');
  assert.equal(await answering.ask(command('register-device', fields)), completed('register-device', registeredFields));
  assert.deepEqual(answering.registered, [
    { ...siskin, app: 'stork', device: 'fcmInst:APA91b_-x', token: 'fcmInst:APA91b_-x' },
  ]);
});

it('tigase - a second token is for calls over APNs; with FCM it is ignored', async () => {
  const answering = startAnswering(apps);
  const stork = field('provider', 'fcm-xmpp-api') + field('device-token', 'fcmInst:APA91b_-x');
  for (const written of [second, 'fcmInst:APA91b_-y', 'no token']) {
    assert.equal(
      await answering.ask(command('register-device', stork + field('device-second-token', written))),
      completed('register-device', registeredFields),
    );
    const [registered] = answering.registered.splice(0);
    assert.ok(registered && !('secondToken' in registered), written);
  }
});

it('tigase - the requests that real servers relayed are understood', async () => {
  for (const server of ['prosody-13', 'ejabberd-23']) {
    const answering = startAnswering(apps);
    const file = join(import.meta.dirname, '../captures', server, 'register-device-request.xml');
    const request = readFileSync(file, 'utf8').trim().replace("to='push.localhost'", "to='push.example.org'");
    assert.match(await answering.ask(request), /<value>OPAQUE-NODE<\/value>/);
    assert.equal(answering.registered[0]?.account, 'bob@localhost');
    assert.equal(answering.registered[0]?.token, 'abcdef0123456789');
  }
});

it('tigase - fields may lack a type, and unknown fields are ignored', async () => {
  const answering = startAnswering(apps);
  const bare = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  await answering.ask(
    command(
      'register-device',
      bare('FORM_TYPE', 'urn:example') +
        bare('provider', 'snikket:apns:1') +
        bare('device-token', upper) +
        bare('x', 'y'),
    ),
  );
  assert.deepEqual(answering.registered, [siskin]);
});

it('tigase - execute, complete and next are the same, and the session id comes back', async () => {
  const answering = startAnswering(apps);
  for (const action of ['execute', 'complete', 'next', '']) {
    assert.equal(
      await answering.ask(command('register-device', provider + token, ` action='${action}' sessionid='s&lt;1'`)),
      completed('register-device', registeredFields, 's&lt;1'),
    );
  }
});

it('tigase - a person registers and leaves by the form that is offered', async () => {
  const answering = startAnswering(apps);
  const begin = (node: string, attributes: string) =>
    answering.ask(
      `<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}' node='${node}'${attributes}/></iq>`,
    );
  const offered = (node: string, title: string, more: string) =>
    `<iq type='result' id='A1' ${swapped}><command xmlns='${commandsNamespace}' node='${node}' ` +
    `sessionid='1526463999190' status='executing'><actions execute='complete'><complete/></actions>` +
    `<x xmlns='jabber:x:data' type='form'><title>${title}</title>` +
    "<field var='provider' type='list-single' label='App, by its provider id'><required/>" +
    '<option><value>tigase:messenger:apns:1</value></option><option><value>snikket:apns:1</value></option>' +
    '<option><value>fcm-xmpp-api</value></option></field>' +
    "<field var='device-token' type='text-single' label='Device token from APNs or FCM'><required/></field>" +
    `${more}</x></command></iq>`;
  const registering = offered(
    'register-device',
    'Register a device for push notifications',
    "<field var='device-second-token' type='text-single' label='Device token for calls (PushKit)'></field>",
  );
  for (const attributes of ['', ` action='execute'`]) {
    assert.equal(await begin('register-device', attributes), registering);
  }
  assert.equal(
    await begin('unregister-device', ` action='execute'`),
    offered('unregister-device', 'Unregister a device', ''),
  );
  assert.deepEqual([answering.registered, answering.unregistered], [[], []]);

  const filled = field('provider', 'tigase:messenger:apns:1', 'list-single') + token + field('device-second-token', '');
  const complete = ` action='complete' sessionid='1526463999190'`;
  assert.equal(
    await answering.ask(command('register-device', filled, complete)),
    completed('register-device', registeredFields),
  );
  assert.equal(await answering.ask(command('unregister-device', filled, complete)), completed('unregister-device', ''));
  assert.deepEqual(answering.registered, [siskin]);
  assert.deepEqual(
    answering.unregistered.map(({ app }) => app),
    ['siskin'],
  );
});

it('tigase - where one app alone is served, its id is filled in, and no token for calls is asked of Android', async () => {
  const answering = startAnswering([testApp({ name: 'stork', provider: 'fcm', ids: ['fcm-xmpp-api'] })]);
  const answer = await answering.ask(
    `<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}' node='register-device'/></iq>`,
  );
  assert.match(
    answer,
    /<required\/><value>fcm-xmpp-api<\/value><option><value>fcm-xmpp-api<\/value><\/option><\/field>/,
  );
  assert.doesNotMatch(answer, /device-second-token/);
});

it('tigase - cancel is answered with canceled and changes nothing', async () => {
  const answering = startAnswering(apps);
  assert.equal(
    await answering.ask(
      `<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}' node='register-device' action='cancel' sessionid='s1'/></iq>`,
    ),
    `<iq type='result' id='A1' ${swapped}><command xmlns='${commandsNamespace}' node='register-device' sessionid='s1' status='canceled'></command></iq>`,
  );
  assert.deepEqual(answering.registered, []);
});

it('tigase - what cannot be registered is refused with a reason and changes nothing', async () => {
  const answering = startAnswering(apps);
  const apns = (written: string) => command('register-device', provider + field('device-token', written));
  const fcm = (written: string) =>
    command('register-device', field('provider', 'fcm-xmpp-api') + field('device-token', written));
  const rows: [string, string][] = [
    [command('register-device', provider + token, " action='prev'"), 'modify bad-request bad-action'],
    [command('register-device', provider + token, " action='explode'"), 'modify bad-request malformed-action'],
    [command('no-such-command', provider + token), 'cancel item-not-found'],
    ...[` action='complete'`, ` action='next'`, ` sessionid='s1'`, ` action='execute' sessionid='s1'`].map(
      (attributes): [string, string] => [
        `<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}' node='register-device'${attributes}/></iq>`,
        'modify bad-request bad-payload',
      ],
    ),
    [`<iq type='set' id='A1' ${addresses}><command xmlns='${commandsNamespace}'/></iq>`, 'cancel item-not-found'],
    [command('register-device', token), 'modify not-acceptable'],
    [command('register-device', field('provider', 'nobody') + token), 'modify not-acceptable'],
    [command('register-device', field('provider', 'monalProdiOS') + token), 'modify not-acceptable'],
    [command('register-device', field('provider', '__proto__') + token), 'modify not-acceptable'],
    [command('register-device', provider), 'modify bad-request bad-payload'],
    [apns(''), 'modify bad-request bad-payload'],
    [apns('ab'.repeat(7)), 'modify bad-request bad-payload'],
    [apns(`${'ab'.repeat(8)}a`), 'modify bad-request bad-payload'],
    [apns('ab'.repeat(257)), 'modify bad-request bad-payload'],
    [apns('xy'.repeat(32)), 'modify bad-request bad-payload'],
    [fcm('with space'), 'modify bad-request bad-payload'],
    [fcm('ünicode'), 'modify bad-request bad-payload'],
    [fcm('a'.repeat(4_097)), 'modify bad-request bad-payload'],
    [
      command('register-device', provider + token + field('device-second-token', 'no hex')),
      'modify bad-request bad-payload',
    ],
  ];
  for (const [question, error] of rows) assert.equal(await errorTo(answering, question), error, question);
  for (const from of [
    'example.net',
    'example.net/x',
    '@example.net',
    'romeo@',
    'romeo@/x',
    `${'a'.repeat(2_040)}@example.net`,
  ]) {
    const question = command('register-device', provider + token).replace('Romeo@example.net/phone', from);
    assert.equal(await errorTo(answering, question), 'modify bad-request', from);
  }
  assert.deepEqual(answering.registered, []);
});

it('tigase - unregistering is answered with the command element', async () => {
  const answering = startAnswering(apps);
  assert.equal(await answering.ask(command('unregister-device', provider + token)), completed('unregister-device', ''));
  assert.deepEqual(answering.unregistered, [
    { account: 'Romeo@example.net', token: upper.toLowerCase(), app: 'siskin' },
  ]);
});

it('tigase - whatever is not registered is item-not-found, so that the client goes on and registers', async () => {
  const answering = startAnswering(apps);
  answering.removed = 0;
  for (const fields of [
    provider + token,
    token,
    field('provider', 'no longer served') + token,
    provider + field('device-token', 'not hexadecimal'),
  ]) {
    assert.equal(await errorTo(answering, command('unregister-device', fields)), 'cancel item-not-found');
  }
  assert.deepEqual(
    answering.unregistered.map(({ app, token: asked }) => [app, asked]),
    [
      ['siskin', upper.toLowerCase()],
      [undefined, upper],
      [undefined, upper],
      ['siskin', 'not hexadecimal'],
    ],
  );
  assert.equal(await errorTo(answering, command('unregister-device', provider)), 'modify bad-request bad-payload');
});

it('tigase - without an app of the convention there are no commands', async () => {
  const answering = startAnswering([testApp({ conventions: ['p2'] })]);
  assert.equal(await errorTo(answering, command('register-device', provider + token)), 'cancel item-not-found');
});
