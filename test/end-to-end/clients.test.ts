import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { runsMonal, writeMonalEnable } from '../../src/harness/clients/models-raw-token.ts';
import {
  conversations,
  conversations2026,
  type P2Reading,
  readP2Registration,
  receiveP2Push,
  snikketAndroid,
  writeP2Enable,
} from '../../src/harness/clients/models-p2.ts';
import {
  isPushService,
  readRegistration,
  readUnregistration,
  siskin,
  snikket,
  stork,
} from '../../src/harness/clients/models.ts';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { receivePush } from '../../src/harness/clients/device.ts';
import { ejabberd, type Flavour, mongooseim, prosody13, tigase } from '../../src/harness/server/server-flavours.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { type Account, createXmppServer } from '../../src/harness/server/xmpp-server.ts';
import { everyConvention } from '../support/every-convention.ts';
import { startWorld, type World } from '../support/sealpost.ts';

// Each client's own stanzas, byte for byte, but for the `from` that its server stamps and our domain.

let world: World;
before(async () => {
  world = await startWorld(everyConvention);
});
after(() => world.stop());

const to = 'push.localhost';
const chatMessage = { kind: 'message', from: 'juliet@example.com/balcony', body: 'Wherefore art thou?' } as const;
const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** Romeo at a server of this kind; a domain belongs to one server. */
function romeoAt(flavour: Flavour, domain: string): Account {
  return createXmppServer({ acceptor: world.acceptor, domain, flavour, clock: systemClock, randomBytes }).account(
    'romeo',
  );
}

function relay(account: Account, xml: string) {
  const read = (name: string) => new RegExp(` ${name}='([^']*)'`).exec(xml)?.[1] ?? '';
  return account.relay({ id: read('id'), from: read('from'), to: read('to'), xml });
}

/** Delivers a message while Romeo is offline; returns the answer to the one publish, and the push. */
async function receive(account: Account, token: string, event: Parameters<Account['notify']>[0] = chatMessage) {
  const earlier = pushesTo(token).length;
  const reports = await account.notify(event);
  const answers = reports.map(({ answer }) => answerWord(answer));
  return { answers, pushes: pushesTo(token).slice(earlier) };
}

const pushesTo = (token: string): ReceivedPush[] =>
  [...world.apns.received, ...world.fcm.received].filter((push) => push.token === token);

const fcmMessage = (push: ReceivedPush | undefined) =>
  push?.body['message'] as { data: Record<string, string>; android: { priority: string } };

describe('clients - Siskin and Snikket for iOS', () => {
  for (const { model, id, httpPaths, domain, flavour, first, second } of [
    {
      model: siskin,
      id: 'tigase:messenger:apns:1',
      httpPaths: ['', '/rest/push'],
      domain: 'siskin.example',
      flavour: prosody13,
      first: '9F3C'.repeat(16),
      second: '77ab'.repeat(16),
    },
    {
      model: snikket,
      id: 'snikket:apns:1',
      httpPaths: [''],
      domain: 'snikket.example',
      flavour: tigase,
      first: '5A11'.repeat(16),
      second: '66cd'.repeat(16),
    },
  ]) {
    const from = `romeo@${domain}/phone`;
    const register =
      `<iq type='set' id='A1' to='${to}' from='${from}'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider' type='text-single'><value>${id}</value></field>` +
      `<field var='device-token' type='text-single'><value>${first}</value></field>` +
      `<field var='device-second-token' type='text-single'><value>${second}</value></field></x></command></iq>`;
    const unregister =
      `<iq type='set' id='A2' to='${to}' from='${from}'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='unregister-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider' type='text-single'><value>${id}</value></field>` +
      `<field var='device-token' type='text-single'><value>${first}</value></field></x></command></iq>`;
    const enable = (node: string, maxSize: number | undefined) =>
      `<enable xmlns='urn:xmpp:push:0' jid='${to}' node='${node}' away='true'>` +
      `<groupchat xmlns='tigase:push:filter:groupchat:0'><room jid='a@muc.example' allow='always'/></groupchat>` +
      `<muted xmlns='tigase:push:filter:muted:0'><item jid='x@example.com'/></muted>` +
      `<priority xmlns='tigase:push:priority:0'/>` +
      `<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm' max-size='${maxSize}'>${key.toString('base64')}</encrypt>` +
      `<jingle xmlns='tigase:push:jingle:0'/></enable>`;
    /** As the app does it while it removes an account: only `result` counts, status and headers do not. */
    const removeOverHttp = async (path: string) => {
      const response = await fetch(`${world.sealpost.publicUrl}${path}/unregister-device/${to}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        // Snikket names Siskin's provider here.
        body: `{"account":"romeo@${domain}","provider":"tigase:messenger:apns:1","device-token":"${first}"}`,
      });
      return ((await response.json()) as { result: string }).result;
    };

    test(`${model.name} finds the component, registers, receives a message and a call, and unregisters`, async () => {
      const account = romeoAt(flavour, domain);
      const device = { reads: 'siskin', keys: new Map([[`romeo@${domain}`, key]]) } as const;
      const info = `<iq type='get' id='d2' to='${to}' from='${from}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
      assert.ok(isPushService(model, await relay(account, info)));

      const reading = readRegistration(model, await relay(account, register));
      assert.ok(reading.kind === 'registered', JSON.stringify(reading));
      assert.deepEqual([reading.features, reading.maxPayloadSize], [['tigase:push:encrypt:0'], 3072]);
      assert.deepEqual(account.request(enable(reading.node, reading.maxPayloadSize)), { kind: 'result' });

      const message = await receive(account, first.toLowerCase());
      assert.deepEqual(message.answers, ['result']);
      assert.deepEqual(
        message.pushes.map((push) => receivePush(push, device).shown),
        [{ kind: 'notification', title: 'juliet@example.com', text: 'Wherefore art thou?' }],
      );
      const offer = { kind: 'call-offer', from: chatMessage.from, sid: 'call-1', media: ['audio'] } as const;
      const call = await receive(account, second, offer);
      assert.deepEqual(call.answers, ['result']);
      assert.deepEqual(
        call.pushes.map((push) => receivePush(push, device).shown),
        [{ kind: 'ringing', caller: chatMessage.from, sid: 'call-1', media: ['audio'] }],
      );

      assert.equal(readUnregistration(model, await relay(account, unregister)), undefined);
      assert.equal(readUnregistration(model, await relay(account, unregister)), 'item-not-found');
      assert.deepEqual(await receive(account, first.toLowerCase()), { answers: ['cancel/item-not-found'], pushes: [] });
    });

    for (const path of httpPaths) {
      test(`${model.name} removes an account over HTTP at ${path}/unregister-device, again and again`, async () => {
        const account = romeoAt(flavour, domain);
        const reading = readRegistration(model, await relay(account, register));
        assert.ok(reading.kind === 'registered');
        account.request(enable(reading.node, reading.maxPayloadSize));
        assert.equal(await removeOverHttp(path), 'success');
        assert.equal(await removeOverHttp(path), 'success');
        const { answers, pushes } = await receive(account, first.toLowerCase());
        assert.deepEqual([answers, pushes], [['cancel/item-not-found'], []]);
      });
    }
  }
});

test('clients - Stork registers and is woken with its account in clear', async () => {
  const token = 'fcmInst:APA91b-stork';
  const account = romeoAt(mongooseim, 'stork.example');
  const register =
    `<iq type='set' id='S1' to='${to}' from='romeo@stork.example/Stork'>` +
    `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
    `<field var='provider' type='list-single'><value>fcm-xmpp-api</value></field>` +
    `<field var='device-token' type='text-single'><value>${token}</value></field></x></command></iq>`;
  const reading = readRegistration(stork, await relay(account, register));
  assert.ok(reading.kind === 'registered', JSON.stringify(reading));
  account.request(`<enable xmlns='urn:xmpp:push:0' jid='${to}' node='${reading.node}'/>`);
  const { answers, pushes } = await receive(account, token);
  assert.deepEqual(answers, ['result']);
  assert.deepEqual(
    pushes.map(({ body }) => body),
    [
      {
        message: {
          token,
          data: { account: 'romeo@stork.example' },
          android: { priority: 'high', ttl: '604800s' },
        },
      },
    ],
  );
  const unregister = register.replace('register-device', 'unregister-device').replace("id='S1'", "id='S3'");
  assert.equal(readUnregistration(stork, await relay(account, unregister)), undefined);
});

for (const model of [conversations, conversations2026, snikketAndroid]) {
  test(`clients - ${model.name} registers at every login, and is woken at once with the hash of its account`, async () => {
    const domain = `${model.name}.example`;
    const device = { token: `fcmInst:APA91b-${model.name}`, androidId: '92afd7a91cdba9a0' };
    const account = romeoAt(ejabberd, domain);
    const register = (id: string, token: string) =>
      `<iq type='set' id='${id}' to='${to}' from='romeo@${domain}/Conversations.x'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-push-fcm' action='execute'>` +
      `<x xmlns='jabber:x:data' type='submit'><field var='token'><value>${token}</value></field>` +
      `<field var='android-id'><value>${device.androidId}</value></field></x></command></iq>`;
    const signIn = async (id: string, token: string): Promise<P2Reading> => {
      const reading = readP2Registration(model, { to }, await relay(account, register(id, token)));
      assert.ok(reading.kind === 'registered', JSON.stringify(reading));
      account.request(writeP2Enable(reading));
      return reading;
    };

    const first = await signIn('C1', device.token);
    const { answers, pushes } = await receive(account, device.token);
    assert.deepEqual(answers, ['result']);
    assert.equal(pushes.length, 1);
    const message = fcmMessage(pushes[0]);
    assert.deepEqual(Object.keys(message).toSorted(), ['android', 'data', 'token']);
    assert.deepEqual(Object.keys(message.data), ['account']);
    assert.deepEqual(message.android, { priority: 'high', ttl: '604800s', collapse_key: 'wake' });
    const accounts = [`juliet@${domain}`, `romeo@${domain}`];
    assert.deepEqual(receiveP2Push(model, device, accounts, message), {
      kind: 'woken',
      prompt: `romeo@${domain}`,
      late: false,
    });

    // Google gave another token; node and secret stay, so that the server's registration stays good.
    assert.deepEqual(await signIn('C2', `${device.token}-2`), first);
    assert.equal(account.devices.size, 1);
    assert.equal((await receive(account, `${device.token}-2`)).pushes.length, 1);

    // No body: what ejabberd publishes is an empty notification.
    const receipt = await receive(account, `${device.token}-2`, { kind: 'receipt', from: chatMessage.from });
    assert.deepEqual(receipt.answers, ['result']);
    assert.deepEqual(
      receipt.pushes.map(({ body }) => (body['message'] as { android: object }).android),
      [message.android],
    );
  });
}

test('clients - Monal’s extension runs for a message and for an empty notification alike', async () => {
  for (const [flavour, event, token] of [
    [prosody13, chatMessage, '0a1b'.repeat(16)],
    [ejabberd, { kind: 'receipt', from: chatMessage.from }, '2c3d'.repeat(16)],
  ] as const) {
    const account = romeoAt(flavour, `monal-${flavour.name}.example`);
    assert.equal(
      writeMonalEnable(to, { token, pushModule: 'monalProdiOS' }),
      `<enable xmlns='urn:xmpp:push:0' jid='${to}' node='${token}'><x xmlns='jabber:x:data' type='submit'>` +
        `<field type='hidden' var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>` +
        `<field var='pushModule'><value>monalProdiOS</value></field></x></enable>`,
    );
    account.request(writeMonalEnable(to, { token, pushModule: 'monalProdiOS' }));
    const { answers, pushes } = await receive(account, token, event);
    assert.deepEqual(answers, ['result']);
    assert.equal(pushes.length, 1);
    assert.deepEqual(pushes.map(runsMonal), [true]);
    assert.deepEqual(pushes[0]?.body, {
      aps: { alert: { title: 'New Message', body: 'New Message?' }, 'mutable-content': 1, sound: 'default' },
    });
    assert.equal(pushes[0]?.headers['apns-priority'], '10');
  }
});

test('clients - a client of mod_push_appserver enables push with the node, secret and jid that it is answered', async () => {
  const token = '4e5f'.repeat(16);
  const account = romeoAt(prosody13, 'veteran.example');
  const answer = await relay(
    account,
    `<iq type='set' id='V1' to='${to}' from='romeo@veteran.example/Monal'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='v1-register-push' action='execute'>` +
      `<x xmlns='jabber:x:data' type='submit'><field type='hidden' var='FORM_TYPE'>` +
      `<value>https://github.com/tmolitor-stud-tu/mod_push_appserver/#v1-register-push</value></field>` +
      `<field type='hidden' var='type'><value>apns</value></field>` +
      `<field type='hidden' var='node'><value>5E8B6E0C-51A7-4E7C-9C53-0B6F2D4F9C11</value></field>` +
      `<field type='hidden' var='token'><value>${token}</value></field></x></command></iq>`,
  );
  // Its answer has the fields that any client of p2 looks for, and another word for being complete.
  const reading = readP2Registration(conversations, { to }, answer);
  assert.ok(reading.kind === 'registered', answerWord(answer));
  assert.equal(reading.jid, to);
  account.request(writeP2Enable(reading));
  const { answers, pushes } = await receive(account, token);
  assert.deepEqual(answers, ['result']);
  assert.deepEqual(
    pushes.map(({ body }) => body),
    [{ aps: { alert: { body: 'New message!' }, 'mutable-content': 1, sound: 'default' } }],
  );
});
