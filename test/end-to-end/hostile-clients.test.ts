import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { answerWord, type IqAnswer } from '../../src/harness/server/stanza.ts';
import { everyConvention } from '../support/every-convention.ts';
import { eventually } from '../support/process.ts';
import { type Apps, startWorld, type World } from '../support/sealpost.ts';

// Romeo has a device of every kind. Mallory wants to be told, to be believed, or to do harm.

let world: World;
let romeo: Readonly<Record<'tigase' | 'p2' | 'v1', Registered>>;
before(async () => {
  world = await startWorld((apps: Apps) => ({ ...everyConvention(apps), log: { level: 'debug' } }));
  romeo = {
    tigase: await register('romeo@example.net/phone', 'register-device', tigase),
    p2: await register('romeo@example.net/phone', 'register-push-fcm', p2),
    v1: await register('romeo@example.net/phone', 'v1-register-push', v1),
  };
});
after(() => world.stop());

/** Whatever was tried, Romeo's devices are what they were, and nobody else's. */
afterEach(async () => {
  for (const { node, secret } of Object.values(romeo)) {
    assert.equal(await publish('example.net', node, secret), 'result');
  }
});

/** What could be a node by another key, or a token of an app that left, is kept by its server; it leads to no push either. */
const unknown = /^(?:cancel\/item-not-found|wait\/internal-server-error)$/;

interface Registered {
  readonly node: string;
  readonly secret?: string;
}

const token = 'ab12'.repeat(16);
const tigase = { provider: 'tigase:messenger:apns:1', 'device-token': token };
const p2 = { token: 'fcm-romeo', 'android-id': '92afd7a91cdba9a0' };
const v1 = { type: 'apns', node: '5E8B6E0C-51A7-4E7C-9C53-0B6F2D4F9C11', token: 'cd34'.repeat(16) };
let ids = 0;

function ask(from: string, node: string, fields: Record<string, string>): Promise<IqAnswer> {
  const written = Object.entries(fields).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  return world.ask(
    `<iq type='set' id='${(ids += 1)}' from='${from}' to='push.localhost'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='${node}' action='execute'>` +
      `<x xmlns='jabber:x:data' type='submit'>${written.join('')}</x></command></iq>`,
  );
}

async function register(from: string, node: string, fields: Record<string, string>): Promise<Registered> {
  const answer = await ask(from, node, fields);
  assert.ok(answer.kind === 'result', answerWord(answer));
  const found = answer.stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
  const read = (name: string) => found.find((field) => field.attrs['var'] === name)?.getChildText('value');
  const secret = read('secret');
  return { node: read('node') ?? '', ...(typeof secret === 'string' && { secret }) };
}

async function publish(from: string, node: string, secret?: string): Promise<string> {
  const options =
    secret === undefined
      ? ''
      : `<publish-options><x xmlns='jabber:x:data'><field var='secret'><value>${secret}</value></field></x></publish-options>`;
  const answer = await world.ask(
    `<iq type='set' id='${(ids += 1)}' from='${from}' to='push.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
      `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'/></item></publish>${options}</pubsub></iq>`,
  );
  return answerWord(answer);
}

const unregisterings = {
  tigase: ['unregister-device', tigase],
  p2: ['unregister-push-fcm', p2],
  v1: ['v1-unregister-push', v1],
} as const;

test('hostile - another account unregisters nothing, with the right token, device id or node', async () => {
  for (const [kind, [command, fields]] of Object.entries(unregisterings)) {
    const { node } = romeo[kind as keyof typeof romeo];
    for (const attempt of [fields, { ...fields, node }, { ...fields, 'device-token': node, 'android-id': node }]) {
      for (const from of ['mallory@example.net/x', 'romeo@evil.example/phone', 'rom\u0435o@example.net/phone']) {
        assert.equal(answerWord(await ask(from, command, attempt)), 'cancel/item-not-found', kind);
      }
    }
  }
  const response = await fetch(`${world.sealpost.publicUrl}/unregister-device/push.localhost`, {
    method: 'POST',
    body: JSON.stringify({ account: 'mallory@example.net', provider: tigase.provider, 'device-token': token }),
  });
  assert.deepEqual(await response.json(), { result: 'success' });
});

test('hostile - whoever registers Romeo’s device again gets a registration of their own, and neither his node nor his secret', async () => {
  const known = Object.values(romeo).flatMap(({ node, secret }) => [node, secret]);
  const commands = { 'register-device': tigase, 'register-push-fcm': p2, 'v1-register-push': v1 };
  for (const from of ['mallory@example.net/x', 'romeo@evil.example/phone', 'rom\u0435o@example.net/phone']) {
    for (const [command, fields] of Object.entries(commands)) {
      const { node, secret } = await register(from, command, fields);
      assert.ok(!known.includes(node), command);
      assert.ok(secret === undefined || !known.includes(secret), command);
    }
  }
  // Nor does it help to register what Romeo was answered.
  const stolen = await register('mallory@example.net/x', 'v1-register-push', { ...v1, node: romeo.v1.node, token });
  assert.notEqual(stolen.node, romeo.v1.node);
});

test('hostile - another domain’s publish, a guessed node and a replayed secret lead to no push', async () => {
  const earlier = [world.apns.received.length, world.fcm.received.length];
  for (const { node, secret } of Object.values(romeo)) {
    for (const from of [
      'evil.example',
      'evil.example/example.net',
      'example.net.evil.example',
      'ex\u0430mple.net',
      'mallory@example.net',
      'romeo@example.net/phone',
      'romeo@evil.example',
    ]) {
      assert.equal(await publish(from, node, secret), 'auth/forbidden', from);
    }
  }
  const { p2: mine, v1: other } = romeo;
  for (const secret of [undefined, '', other.secret, mine.secret?.slice(1), mine.secret?.toUpperCase()]) {
    assert.equal(await publish('example.net', mine.node, secret), 'auth/forbidden');
  }
  for (const node of ['x'.repeat(32), mine.node.toUpperCase(), `${mine.node} `, mine.node.slice(0, -1), token]) {
    assert.match(await publish('example.net', node, mine.secret), unknown);
  }
  assert.deepEqual([world.apns.received.length, world.fcm.received.length], earlier);
});

test('hostile - a secret is worth nothing after its registration ended, and nothing for another device', async () => {
  const from = 'rosaline@example.net/phone';
  const old = await register(from, 'register-push-fcm', p2);
  await ask(from, 'unregister-push-fcm', p2);
  assert.equal(await publish('example.net', old.node, old.secret), 'cancel/item-not-found');
  const other = await register(from, 'register-push-fcm', { ...p2, 'android-id': 'another' });
  assert.equal(await publish('example.net', other.node, old.secret), 'auth/forbidden');
  assert.equal(await publish('example.net', old.node, old.secret), 'cancel/item-not-found');
  // A device that registers again has its own node and secret again: its server may still know them.
  const again = await register(from, 'register-push-fcm', p2);
  assert.deepEqual([again.node, again.secret], [old.node, old.secret]);
});

test('hostile - huge fields, control characters and strange JIDs are refused and register nobody', async () => {
  const huge = 'a'.repeat(20_000);
  const rows: [string, Record<string, string>][] = [
    ['register-device', { ...tigase, 'device-token': huge }],
    ['register-device', { ...tigase, 'device-token': `${token}&#10;${token}` }],
    ['register-device', { ...tigase, provider: huge }],
    ['register-device', { ...tigase, 'device-second-token': huge }],
    ['register-push-fcm', { ...p2, token: huge }],
    ['register-push-fcm', { ...p2, token: 'a&#9;b' }],
    ['register-push-fcm', { ...p2, 'android-id': huge }],
    ['register-push-fcm', { ...p2, 'android-id': 'a\u202eb' }],
    ['register-push-fcm', { ...p2, muc: `${huge}@rooms.example.org` }],
    ['v1-register-push', { ...v1, node: huge }],
    ['v1-register-push', { ...v1, node: 'a\u0085b' }],
    ['v1-register-push', { ...v1, token: huge }],
  ];
  for (const [command, fields] of rows) {
    const { node = '', ...rest } = fields;
    const answer = await ask('mallory@example.net/x', command, node ? { ...rest, node } : rest);
    assert.match(answerWord(answer), /^modify\/(bad-request|not-acceptable)$/, command);
  }
  for (const from of ['example.net', '@example.net/x', 'mallory@/x', `${'a'.repeat(3_000)}@example.net/x`]) {
    assert.equal(answerWord(await ask(from, 'register-push-fcm', p2)), 'modify/bad-request');
  }
  const hugeStanza = { ...p2, x: 'a'.repeat(70_000) };
  assert.equal(answerWord(await ask('mallory@example.net/x', 'register-push-fcm', hugeStanza)), 'wait/bad-request');
});

test('hostile - an account that keeps registering reaches its limit and waits, others do not', async () => {
  const flood = Array.from({ length: 1_000 }, (_, n) =>
    ask('flood@example.net/x', 'register-push-fcm', { ...p2, 'android-id': `id-${n}` }),
  );
  const words = (await Promise.all(flood)).map(answerWord);
  const taken = words.filter((word) => word === 'result').length;
  assert.ok(taken >= 60 && taken < 70, `${taken}`);
  assert.equal(words.filter((word) => word === 'wait/resource-constraint').length, words.length - taken);
  assert.ok(await register('juliet@example.net/phone', 'register-push-fcm', p2));
});

test('hostile - no log line of all this has a token, a node, a secret or the local part of a JID', async () => {
  const deadToken = 'dead'.repeat(16);
  world.apns.script(deadToken, { status: 410, reason: 'Unregistered' });
  const dead = await register('romeo@example.net/old', 'register-device', { ...tigase, 'device-token': deadToken });
  assert.equal(await publish('example.net', dead.node), 'cancel/item-not-found');
  assert.equal(await publish('mallory@example.net/x', ''), 'wait/bad-request');
  // What there is to say of devices and people was said.
  for (const text of ['registration removed', 'malformed publish']) {
    await eventually(text, () => world.sealpost.lines.find((line) => line.includes(text)));
  }

  const secrets = [...Object.values(romeo), dead].flatMap(({ node, secret }) => [node, ...(secret ? [secret] : [])]);
  for (const line of world.sealpost.lines) {
    for (const word of [...secrets, token, deadToken, 'fcm-romeo', 'romeo', 'mallory', '92afd7a91cdba9a0']) {
      assert.ok(!line.includes(word), line);
    }
  }
});
