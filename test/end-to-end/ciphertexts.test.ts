import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { startWorld, type World } from '../support/sealpost.ts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const iv = 'AAECAwQFBgcICQoL';
const bytes = (size: number) => randomBytes(size).toString('base64');
const folded = (text: string) => `\n  ${text.replace(/(.{76})/g, '$1\r\n\t')}\n`;

const kib3 = bytes(2304);
const spaced = bytes(300);

type Expected = 'bad-request' | 'with ciphertext' | 'without ciphertext';

const rows: [name: string, element: string, expected: Expected, ciphertext?: string][] = [
  ['0 bytes', `<encrypted xmlns='tigase:push:encrypt:0' iv='${iv}'/>`, 'bad-request'],
  ['15 bytes', encrypted(bytes(15)), 'bad-request'],
  ['16 bytes, a tag alone', encrypted(bytes(16)), 'bad-request'],
  ['17 bytes', encrypted('AAECAwQFBgcICQoLDA0ODxA='), 'with ciphertext', 'AAECAwQFBgcICQoLDA0ODxA='],
  ['bad base64', encrypted('AAECAwQFBgcICQoLDA0OD*A='), 'bad-request'],
  ['base64 of another alphabet', encrypted('AAECAwQFBgcICQoLDA0OD_A='), 'bad-request'],
  ['base64 cut in the middle of a group', encrypted('AAECAwQFBgcICQoLDA0OD'), 'bad-request'],
  ['no iv', `<encrypted xmlns='tigase:push:encrypt:0'>${bytes(64)}</encrypted>`, 'bad-request'],
  ['an empty iv', `<encrypted xmlns='tigase:push:encrypt:0' iv=''>${bytes(64)}</encrypted>`, 'bad-request'],
  [
    'an iv that is no base64',
    `<encrypted xmlns='tigase:push:encrypt:0' iv='???'>${bytes(64)}</encrypted>`,
    'bad-request',
  ],
  ['white space inside', encrypted(folded(spaced)), 'with ciphertext', spaced],
  ['3 KB of base64', encrypted(kib3), 'with ciphertext', kib3],
  ['4 KB of base64', encrypted(bytes(3072)), 'without ciphertext'],
  ['5 KB of base64', encrypted(bytes(3840)), 'without ciphertext'],
  ['100 KB of base64, above the stanza limit', encrypted(bytes(76_800)), 'bad-request'],
];

for (const [provider, token] of [
  ['apns', (n: number) => String(n).padStart(64, 'c')],
  ['fcm', (n: number) => `fcm-token-of-device-${n}`],
] as const) {
  for (const [i, [name, element, expected, ciphertext]] of rows.entries()) {
    test(`ciphertexts - ${name}: ${expected} over ${provider}`, async () => {
      const account = 'bob@localhost';
      const id = provider === 'apns' ? 'tigase:messenger:apns:1' : 'fcm-xmpp-api';
      const node = await world.register({ account, provider: id, token: token(i) });
      const answer = await world.ask(
        `<iq type='set' from='localhost' to='push.localhost' id='${provider}-${i}'>` +
          `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
          `<notification xmlns='urn:xmpp:push:0'>${element}` +
          `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`,
      );
      if (expected === 'bad-request') {
        assert.equal(answerWord(answer), 'wait/bad-request');
        assert.equal(world[provider].received.filter((push) => push.token === token(i)).length, 0);
        return;
      }
      assert.equal(answerWord(answer), 'result');
      const push = await world[provider].waitFor((one) => one.token === token(i), 5000);
      const sealed = expected === 'with ciphertext' ? { encrypted: ciphertext, iv } : {};
      if (provider === 'apns') {
        const aps = { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' };
        assert.deepEqual(push.body, { aps, account, ...sealed });
        assert.ok(push.bytes <= 4096);
      } else {
        assert.deepEqual((push.body['message'] as { data: object }).data, { account, ...sealed });
      }
    });
  }
}

test('ciphertexts - what was sent without ciphertext is counted', async () => {
  const metrics = await (await fetch(`${world.sealpost.opsUrl}/metrics`)).text();
  assert.match(metrics, /^sealpost_oversize_total\{app="siskin"\} 2$/m);
  assert.match(metrics, /^sealpost_oversize_total\{app="android"\} 2$/m);
});

function encrypted(text: string) {
  return `<encrypted xmlns='tigase:push:encrypt:0' iv='${iv}'>${text}</encrypted>`;
}
