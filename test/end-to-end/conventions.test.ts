import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answerWord, type IqAnswer } from '../../src/harness/server/stanza.ts';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { everyConvention } from '../support/every-convention.ts';
import { eventually } from '../support/process.ts';
import { startWorld, type World } from '../support/sealpost.ts';

let world: World;
before(async () => {
  world = await startWorld(everyConvention);
});
after(() => world.stop());

let ids = 0;

/** Runs a command and gives the fields of its answer, or the error as a word. */
async function command(from: string, node: string, fields: Record<string, string>): Promise<Record<string, string>> {
  const answer = await world.ask(
    `<iq type='set' id='command-${(ids += 1)}' from='${from}' to='push.localhost'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='${node}' action='execute'><x xmlns='jabber:x:data' type='submit'>` +
      Object.entries(fields)
        .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
        .join('') +
      '</x></command></iq>',
  );
  if (answer.kind !== 'result') return { refused: answerWord(answer) };
  const found = answer.stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
  return Object.fromEntries(found.map((field) => [field.attrs['var'], field.getChildText('value') ?? '']));
}

const body =
  "<x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>urn:xmpp:push:summary</value></field>" +
  "<field var='last-message-body'><value>New message</value></field></x>";

function publish(
  from: string,
  node: string,
  options: Record<string, string> = {},
  content: string = body,
): Promise<IqAnswer> {
  const fields = Object.entries(options).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  return world.ask(
    `<iq type='set' id='publish-${(ids += 1)}' from='${from}' to='push.localhost'>` +
      `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
      `<notification xmlns='urn:xmpp:push:0'>${content}</notification></item></publish>` +
      (fields.length > 0
        ? `<publish-options><x xmlns='jabber:x:data' type='submit'>${fields.join('')}</x></publish-options>`
        : '') +
      '</pubsub></iq>',
  );
}

const word = async (answer: Promise<IqAnswer>) => answerWord(await answer);

const pushesTo = (token: string): ReceivedPush[] =>
  [...world.apns.received, ...world.fcm.received].filter((push) => push.token === token);

const dataOf = (push: ReceivedPush | undefined) => (push?.body['message'] as { data: object } | undefined)?.data;

describe('conventions - p2', () => {
  const romeo = 'romeo@example.net/phone';
  const registerFcm = (token: string, more: Record<string, string> = {}) =>
    command(romeo, 'register-push-fcm', { token, 'android-id': '92afd7a91cdba9a0', ...more });

  test('a room is published to by the room, with a secret of its own, and named beside the account', async () => {
    const account = await registerFcm('fcm-rooms');
    const room = await registerFcm('fcm-rooms', { muc: 'verona@rooms.example.org' });
    assert.notEqual(room['node'], account['node']);
    assert.notEqual(room['secret'], account['secret']);
    assert.deepEqual(await registerFcm('fcm-rooms', { muc: 'verona@rooms.example.org' }), room);
    const { node = '', secret = '' } = room;
    assert.equal(await word(publish('example.net', node, { secret })), 'auth/forbidden');
    assert.equal(
      await word(publish('verona@rooms.example.org', node, { secret: account['secret'] ?? '' })),
      'auth/forbidden',
    );
    assert.equal(pushesTo('fcm-rooms').length, 0);
    assert.equal(await word(publish('verona@rooms.example.org', node, { secret })), 'result');
    assert.deepEqual(pushesTo('fcm-rooms').map(dataOf), [
      {
        account: 'f42438aa32bacfce0c716fa44e664bcda6ce971c',
        channel: '4bfee930b5446872c0b6da610b1cae3e195c1f18',
      },
    ]);

    // Leaving the room leaves the account alone.
    const channel = '4bfee930b5446872c0b6da610b1cae3e195c1f18';
    const leave = { 'android-id': '92afd7a91cdba9a0', channel };
    assert.deepEqual(await command(romeo, 'unregister-push-fcm', leave), {});
    assert.deepEqual(await command(romeo, 'unregister-push-fcm', leave), { refused: 'cancel/item-not-found' });
    assert.equal(await word(publish('verona@rooms.example.org', node, { secret })), 'cancel/item-not-found');
    const own = { secret: account['secret'] ?? '' };
    assert.equal(await word(publish('example.net', account['node'] ?? '', own)), 'result');
  });

  test('over APNs a message is an alert and an empty notification a wake-up, both with the hash', async () => {
    const token = 'd1'.repeat(32);
    const { node = '', secret = '' } = await command(romeo, 'register-push-apns', { token, 'device-id': 'ios-1' });
    assert.equal(await word(publish('example.net', node, { secret }, '')), 'result');
    assert.equal(await word(publish('example.net', node, { secret })), 'result');
    const [silent, alert] = pushesTo(token);
    assert.deepEqual(silent?.headers['apns-push-type'], 'background');
    assert.deepEqual(alert?.headers['apns-push-type'], 'alert');
    // SHA-1 of romeo@example.net, NUL and ios-1.
    const account = 'ed4488e8dbebcb716bb265eba2213af09c5f1176';
    assert.deepEqual(silent?.body, { aps: { 'content-available': 1 }, account });
    assert.equal(alert?.body['account'], account);
  });

  test('a token that died ends the registration, and registering again begins it anew', async () => {
    const old = await registerFcm('fcm-dying', { 'android-id': 'mortal' });
    world.fcm.script('fcm-dying', { status: 404, reason: 'UNREGISTERED' });
    const secret = old['secret'] ?? '';
    assert.equal(await word(publish('example.net', old['node'] ?? '', { secret })), 'cancel/item-not-found');
    const anew = await registerFcm('fcm-risen', { 'android-id': 'mortal' });
    assert.deepEqual(anew, old);
    assert.equal(await word(publish('example.net', old['node'] ?? '', { secret })), 'result');
  });

  test('the account’s server is told once, by headline, of a registration that the provider ended', async () => {
    const { node = '', secret = '' } = await registerFcm('fcm-revoked', { 'android-id': 'revoked' });
    world.fcm.script('fcm-revoked', { status: 404, reason: 'UNREGISTERED' });
    for (let n = 0; n < 2; n += 1) {
      assert.equal(await word(publish('example.net', node, { secret })), 'cancel/item-not-found');
    }
    const messages = await eventually('the revocation', () => {
      const found = world.acceptor.received.filter((stanza) => {
        return stanza.name === 'message' && stanza.getChild('pubsub')?.attrs['node'] === node;
      });
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(
      messages.map((message) => message.toString().replaceAll('"', "'")),
      [
        `<message type='headline' from='push.localhost' to='romeo@example.net'>` +
          `<pubsub xmlns='http://jabber.org/protocol/pubsub' node='${node}'>` +
          `<affiliation jid='romeo@example.net' affiliation='none'/></pubsub></message>`,
      ],
    );
  });
});

describe('conventions - raw token', () => {
  const module = { pushModule: 'monalProdiOS' };

  test('a publish that comes too soon is answered with result, and the newest is sent when it is due', async () => {
    const token = 'a1'.repeat(32);
    for (let n = 0; n < 5; n += 1) assert.equal(await word(publish('example.net', token, module)), 'result');
    assert.equal(await word(publish('example.net', token.toUpperCase(), module)), 'result');
    assert.equal(pushesTo(token).length, 1);
    await eventually('the one that stands for the rest', () => (pushesTo(token).length > 1 ? true : undefined));
    const [first, second] = pushesTo(token);
    assert.deepEqual(second?.body, first?.body);
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 900);
    assert.equal(pushesTo(token).length, 2);
  });

  test('unknown fields among the publish-options are ignored', async () => {
    const token = 'a2'.repeat(32);
    const options = { FORM_TYPE: 'http://jabber.org/protocol/pubsub#publish-options', x: 'y', ...module, secret: 'z' };
    assert.equal(await word(publish('example.net', token, options, '')), 'result');
    assert.equal(pushesTo(token).length, 1);
  });

  test('an unknown pushModule loses no device; a node that is not a token is unknown', async () => {
    const token = 'a3'.repeat(32);
    assert.equal(await word(publish('example.net', token, { pushModule: 'monalAlpha' })), 'wait/internal-server-error');
    assert.equal(await word(publish('example.net', 'no-token', module)), 'cancel/item-not-found');
    assert.equal(await word(publish('example.net', token)), 'wait/internal-server-error');
    assert.equal(pushesTo(token).length, 0);
  });

  test('a dead token is not asked about twice, and a token that is refused for now is sent to later', async () => {
    const dead = 'a4'.repeat(32);
    world.apns.script(dead, { status: 410, reason: 'Unregistered', timestampMs: Date.now() });
    for (let n = 0; n < 3; n += 1) {
      assert.equal(await word(publish('example.net', dead, module)), 'cancel/item-not-found');
    }
    assert.equal(pushesTo(dead).length, 1);

    const busy = 'a5'.repeat(32);
    world.apns.script(busy, { status: 500, reason: 'InternalServerError', times: 1 });
    assert.equal(await word(publish('example.net', busy, module)), 'result');
    await eventually('the queued push', () => pushesTo(busy).find(({ status }) => status === 200), 15_000);
  });

  test('a client that sends a publish itself gets nothing', async () => {
    const token = 'a6'.repeat(32);
    assert.equal(await word(publish('mallory@example.net/x', token, module)), 'auth/forbidden');
    assert.equal(pushesTo(token).length, 0);
  });
});

describe('conventions - tigase', () => {
  const provider = 'tigase:messenger:apns:1';
  const call = (iv: string) =>
    `<encrypted xmlns='tigase:push:encrypt:0' type='voip' iv='${iv}'>${'A'.repeat(40)}</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority>`;
  const unregister = (account: string, token: string) =>
    command(`${account}/phone`, 'unregister-device', { provider, 'device-token': token });

  test('when a token changes, the old device is unregistered and the new one gets another node', async () => {
    const account = 'tybalt@example.net';
    const [old, young] = ['b1'.repeat(32), 'b2'.repeat(32)];
    const oldNode = await world.register({ account, provider, token: old });
    assert.deepEqual(await unregister(account, old.toUpperCase()), {});
    const node = await world.register({ account, provider, token: young });
    assert.notEqual(node, oldNode);
    assert.equal(await word(publish('example.net', oldNode)), 'cancel/item-not-found');
    assert.equal(await word(publish('example.net', node)), 'result');
    assert.deepEqual([pushesTo(old).length, pushesTo(young).length], [0, 1]);
  });

  test('a second token that is added rings, one that is dropped no longer does; the node stays', async () => {
    const account = 'mercutio@example.net';
    const [token, secondToken] = ['b3'.repeat(32), 'b4'.repeat(32)];
    const node = await world.register({ account, provider, token });
    const ring = async () => {
      assert.equal(await word(publish('example.net', node, {}, call('AAECAwQFBgcICQoL'))), 'result');
      return [pushesTo(token).length, pushesTo(secondToken).length];
    };
    assert.deepEqual(await ring(), [1, 0]);
    assert.equal(await world.register({ account, provider, token, secondToken }), node);
    assert.deepEqual(await ring(), [1, 1]);
    assert.equal(await world.register({ account, provider, token }), node);
    assert.deepEqual(await ring(), [2, 1]);
  });

  test('several accounts on one device have a node each, and each push says whose it is', async () => {
    const token = 'b5'.repeat(32);
    const accounts = ['benvolio@example.net', 'benvolio@example.com'];
    const nodes = await Promise.all(accounts.map((account) => world.register({ account, provider, token })));
    assert.equal(new Set(nodes).size, 2);
    assert.equal(await word(publish('example.net', nodes[0] ?? '')), 'result');
    assert.equal(await word(publish('example.com', nodes[1] ?? '')), 'result');
    assert.equal(await word(publish('example.com', nodes[0] ?? '')), 'auth/forbidden');
    assert.deepEqual(
      pushesTo(token).map(({ body: { account } }) => account),
      accounts,
    );
    // One account leaves the device, the other stays on it.
    assert.deepEqual(await unregister('benvolio@example.net', token), {});
    assert.equal(await word(publish('example.com', nodes[1] ?? '')), 'result');
  });

  test('one account on several devices has a node for each, and one that dies leaves the others alone', async () => {
    const account = 'paris@example.net';
    const tokens = ['b6'.repeat(32), 'b7'.repeat(32)];
    const nodes = await Promise.all(tokens.map((token) => world.register({ account, provider, token })));
    world.apns.script(tokens[0] ?? '', { status: 410, reason: 'Unregistered', timestampMs: Date.now() + 60_000 });
    const answers = await Promise.all(nodes.map((node) => word(publish('example.net', node))));
    assert.deepEqual(answers, ['cancel/item-not-found', 'result']);
    assert.deepEqual(await Promise.all(nodes.map((node) => word(publish('example.net', node)))), answers);
  });
});
