import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';
import { openSealed } from '../../src/harness/sealing/opening.ts';
import { startWorld, type World } from '../support/sealpost.ts';

const folder = join(import.meta.dirname, '..', 'captures');
const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** Expected push of each capture; `sealed` stands for the capture's own ciphertext and IV. */
const rows: Record<string, 'voip' | 'sealed alert' | 'sealed background' | 'generic alert' | 'wake-up'> = {
  'ejabberd-23/plain-chat-omemo': 'generic alert',
  'ejabberd-23/plain-chat-short': 'generic alert',
  'ejabberd-23/plain-jmi-propose-call': 'wake-up',
  'ejabberd-23/plain-no-body-receipt': 'wake-up',
  'ejabberd-23/plain-pubopts-chat-short': 'generic alert',
  'ejabberd-23/plain-smacks-groupchat': 'generic alert',
  'ejabberd-23/plain-withbody-chat-long-6000': 'generic alert',
  'prosody-0.12/enc-chat-short': 'sealed alert',
  'prosody-0.12/enc-jmi-propose-call': 'voip',
  'prosody-0.12/plain-chat-short': 'generic alert',
  'prosody-0.12/plain-no-body-receipt': 'wake-up',
  'prosody-0.12/plain-withbody-chat-short': 'generic alert',
  'prosody-13/enc-chat-emoji': 'sealed alert',
  'prosody-13/enc-chat-long-6000': 'sealed alert',
  'prosody-13/enc-chat-omemo': 'sealed alert',
  'prosody-13/enc-chat-short': 'sealed alert',
  'prosody-13/enc-chatstate': 'sealed background',
  'prosody-13/enc-jmi-propose-call': 'voip',
  'prosody-13/enc-no-body-receipt': 'sealed background',
  'prosody-13/encnoprio-chat-short': 'sealed alert',
  'prosody-13/localhost-groupchat-to-bare': 'sealed alert',
  'prosody-13/localhost-smacks-presence-subscribe': 'sealed background',
  'prosody-13/plain-chat-short': 'generic alert',
  'prosody-13/plain-jmi-propose-call': 'generic alert',
  'prosody-13/plain-pubopts-chat-short': 'generic alert',
};

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test('captures - every captured publish has a row', () => {
  const publishes = globSync('*/*.xml', { cwd: folder })
    .map((file) => file.replace('.xml', ''))
    .filter((file) => !file.includes('register-device'));
  assert.deepEqual(publishes.toSorted(), Object.keys(rows).toSorted());
});

let tokens = 0;

for (const [file, kind] of Object.entries(rows)) {
  const capture = readFileSync(join(folder, `${file}.xml`), 'utf8');
  const encrypted = /<encrypted [^>]*iv='([^']*)'[^>]*>([^<]*)</.exec(capture);
  const sealed = { encrypted: encrypted?.[2], iv: encrypted?.[1] };

  test(`captures - ${file} reaches APNs as ${kind}`, async () => {
    const { first, second } = nextTokens();
    const node = await world.register({
      account: 'bob@localhost',
      provider: 'tigase:messenger:apns:1',
      token: first,
      secondToken: second,
    });
    const push = await publish(node, [first, second], world.apns);

    const { 'apns-id': id, 'apns-expiration': expiration, ...headers } = push.headers;
    assert.match(id ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const topic = 'org.example.messenger';
    const account = 'bob@localhost';
    const assertLifetime = (seconds: number) => assertMadeJustBefore(push, Number(expiration) - seconds);
    switch (kind) {
      case 'voip':
        assert.deepEqual(pick(headers), pushHeaders(`${topic}.voip`, 'voip', '10', id));
        assert.equal(expiration, '0');
        assert.deepEqual(push.body, { aps: {}, account, ...sealed });
        assert.equal(push.token, second);
        break;
      case 'sealed alert':
        assert.deepEqual(pick(headers), pushHeaders(topic, 'alert', '10', id));
        assertLifetime(7 * 86_400);
        assert.deepEqual(push.body, {
          aps: { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' },
          account,
          ...sealed,
        });
        break;
      case 'sealed background':
        assert.deepEqual(pick(headers), pushHeaders(topic, 'background', '5', id));
        assertLifetime(3600);
        assert.deepEqual(push.body, { aps: { 'content-available': 1 }, account, ...sealed });
        break;
      case 'generic alert':
        assert.deepEqual(pick(headers), pushHeaders(topic, 'alert', '10', id));
        assertLifetime(7 * 86_400);
        assert.deepEqual(push.body, {
          aps: { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' },
          account,
        });
        break;
      case 'wake-up':
        assert.deepEqual(pick(headers), pushHeaders(topic, 'background', '5', id));
        assertLifetime(3600);
        assert.deepEqual(push.body, { aps: { 'content-available': 1 }, account });
        break;
    }
    if (encrypted) assertOpens(push.body);
  });

  test(`captures - ${file} reaches FCM as data`, async () => {
    const token = `fcm-token-${nextTokens().first}`;
    const node = await world.register({ account: 'bob@localhost', provider: 'fcm-xmpp-api', token });
    const push = await publish(node, [token], world.fcm);
    const urgent = kind === 'voip' || kind.endsWith('alert');
    const lifetimes = { voip: '30s', 'sealed alert': '604800s', 'generic alert': '604800s' } as Record<string, string>;
    assert.deepEqual(push.body, {
      message: {
        token,
        data: { account: 'bob@localhost', ...(encrypted && sealed) },
        android: { priority: urgent ? 'high' : 'normal', ttl: lifetimes[kind] ?? '3600s' },
      },
    });
    if (encrypted) assertOpens((push.body as { message: { data: Record<string, unknown> } }).message.data);
  });

  /** The capture with its node replaced, sent to the real server. */
  async function publish(node: string, tokensOfDevice: string[], provider: World['apns'] | World['fcm']) {
    const answer = await world.ask(capture.replace(/<publish node='[^']*'/, `<publish node='${node}'`));
    assert.equal(answer.kind, 'result');
    return provider.waitFor(({ token }) => tokensOfDevice.includes(token), 5000);
  }

  function assertOpens(received: Readonly<Record<string, unknown>>) {
    const expected = JSON.parse(readFileSync(join(folder, `${file}.decrypted.json`), 'utf8')) as { json: unknown };
    const opening = openSealed({ ciphertext: String(received['encrypted']), iv: String(received['iv']) }, key, {
      tag: file.startsWith('prosody-0.12') ? 'ignore' : 'verify',
    });
    assert.ok(opening.opened, JSON.stringify(opening));
    assert.deepEqual(JSON.parse(opening.text), expected.json);
  }
}

function nextTokens() {
  tokens += 1;
  return {
    first: `${'a'.repeat(60)}${String(tokens).padStart(4, '0')}`,
    second: `${'b'.repeat(60)}${String(tokens).padStart(4, '0')}`,
  };
}

function pushHeaders(topic: string, type: string, priority: string, id: string | undefined) {
  return { 'apns-topic': topic, 'apns-push-type': type, 'apns-priority': priority, 'apns-collapse-id': id };
}

function pick(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('apns-')));
}

function assertMadeJustBefore(push: ReceivedPush, madeAtSeconds: number) {
  const ageSeconds = push.atMs / 1000 - madeAtSeconds;
  assert.ok(ageSeconds >= -1 && ageSeconds < 10, `the expiration is ${ageSeconds} s off`);
}
