import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { openSealed } from '../../src/harness/sealing/opening.ts';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';
import { registerDevice, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import { setUp } from './setting.ts';

const servers = [
  {
    name: 'Prosody that does not seal',
    skip: missingPackage('prosody', prosodyFile),
    start: () => startProsody({ seal: false }),
  },
  { name: 'ejabberd', skip: missingPackage('ejabberd', ejabberdFile), start: startEjabberd },
];

const first = 'AB12'.repeat(16);
const second = 'cd34'.repeat(16);
const apnsDevice = {
  provider: 'tigase:messenger:apns:1',
  'device-token': first,
  'device-second-token': second,
};

for (const { name, skip, start } of servers) {
  describe(`main job - ${name}`, { skip }, () => {
    const setting = setUp(start);

    test('a message to a phone that went offline arrives at APNs as a generic alert', async () => {
      const { server, providers } = setting;
      const bob = await signIn(server, 'bob');
      const answer = await registerDevice(bob, server.component, apnsDevice);
      assert.equal(answer['features'], 'tigase:push:encrypt:0');
      await bob.request(enable(server.component, answer['node']));
      await bob.leave();

      const alice = await signIn(server, 'alice');
      await alice.send(`<message to='bob@localhost' type='chat' id='m1'><body>Wherefore art thou?</body></message>`);
      const push = await providers.apns.waitFor(() => true, 10_000);
      await alice.leave();

      assert.equal(push.status, 200);
      assert.equal(push.token, first.toLowerCase());
      assert.equal(push.headers['apns-push-type'], 'alert');
      assert.deepEqual(push.body, {
        aps: { alert: { body: 'New message!' }, category: 'MESSAGE', 'mutable-content': 1, sound: 'default' },
        account: 'bob@localhost',
      });
      await eventually('the server was answered', async () => {
        const text = await (await fetch(`${setting.sealpost.opsUrl}/metrics`)).text();
        return /sealpost_publishes_total\{link="push.localhost",answer="result"\} [1-9]/.test(text) || undefined;
      });
    });

    test('after unregistering nothing reaches APNs and the server hears that the node is gone', async () => {
      const { server, providers, sealpost } = setting;
      const before = providers.apns.received.length;
      const response = await fetch(`${sealpost.publicUrl}/unregister-device/${server.component}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ account: 'bob@localhost', provider: apnsDevice.provider, 'device-token': first }),
      });
      assert.deepEqual(await response.json(), { result: 'success' });
      const alice = await signIn(server, 'alice');
      await alice.send(`<message to='bob@localhost' type='chat' id='m2'><body>Deny thy father</body></message>`);
      await eventually('the server was told', async () => {
        const text = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
        return /sealpost_publishes_total\{link="push.localhost",answer="item-not-found"\} 1/.test(text) || undefined;
      });
      await alice.leave();
      assert.equal(providers.apns.received.length, before);
    });
  });
}

for (const zeroTag of [false, true]) {
  const name = `main job - Prosody that seals${zeroTag ? ' with zeros for a tag' : ''}`;
  describe(
    name,
    { skip: missingPackage('prosody', prosodyFile) || missingPackage('lua-luaossl', luaosslFile()) },
    () => {
      const setting = setUp(() => startProsody({ seal: true, zeroTag }));
      const key = randomBytes(16);
      const open = (sealed: { encrypted?: unknown; iv?: unknown }) => {
        const parts = { ciphertext: String(sealed.encrypted), iv: String(sealed.iv) };
        const opening = openSealed(parts, key, { tag: zeroTag ? 'ignore' : 'verify' });
        assert.ok(opening.opened, JSON.stringify(opening));
        return JSON.parse(opening.text) as unknown;
      };

      test('a sealed message opens behind APNs and FCM, and neither saw its content', async () => {
        const { server, providers } = setting;
        const bob = await signIn(server, 'bob');
        const phone = await registerDevice(bob, server.component, apnsDevice);
        const tablet = await registerDevice(bob, server.component, {
          provider: 'fcm-xmpp-api',
          'device-token': 'fcm-token-of-bobs-tablet',
        });
        for (const { node, 'max-payload-size': maxSize } of [phone, tablet]) {
          await bob.request(enable(server.component, node, { key, maxSize }));
        }
        await bob.leave();

        const alice = await signIn(server, 'alice');
        const body = 'Grüße 👋🏽 "quoted" <tagged>';
        await alice.send(`<message to='bob@localhost' type='chat'><body>${body.replace('<', '&lt;')}</body></message>`);
        const apns = await providers.apns.waitFor(() => true, 10_000);
        const fcm = await providers.fcm.waitFor(() => true, 10_000);
        await alice.leave();

        const expected = { unread: 1, sender: 'alice@localhost', type: 'chat', message: body };
        const { aps, account, ...sealed } = apns.body;
        assert.deepEqual(aps, {
          alert: { body: 'New message!' },
          category: 'MESSAGE',
          'mutable-content': 1,
          sound: 'default',
        });
        assert.equal(account, 'bob@localhost');
        assert.deepEqual(open(sealed), expected);
        const message = fcm.body['message'] as { data: Record<string, string>; android: object };
        assert.deepEqual(message.android, { priority: 'high', ttl: '604800s' });
        assert.deepEqual(open(message.data), expected);
        for (const push of [apns, fcm]) {
          const seen = JSON.stringify(push);
          for (const secret of ['alice', 'Grüße', 'quoted']) assert.ok(!seen.includes(secret));
        }
      });

      test('a call rings over PushKit and opens to session and media', async () => {
        const { server, providers } = setting;
        const alice = await signIn(server, 'alice');
        await alice.send(
          `<message to='bob@localhost' type='chat'><propose xmlns='urn:xmpp:jingle-message:0' id='call-1'>` +
            `<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose><store xmlns='urn:xmpp:hints'/></message>`,
        );
        const push = await providers.apns.waitFor(({ token }) => token === second, 10_000);
        await alice.leave();
        assert.equal(push.status, 200);
        assert.equal(push.headers['apns-push-type'], 'voip');
        assert.equal(push.headers['apns-topic'], 'org.example.messenger.voip');
        assert.equal(push.headers['apns-expiration'], '0');
        const sender = 'alice@localhost/phone';
        assert.deepEqual(open(push.body), { unread: 1, sender, type: 'call', sid: 'call-1', media: ['audio'] });
      });

      test('the server trims an over-long message to the announced size, and its ciphertext arrives complete', async () => {
        const { server, providers } = setting;
        const alice = await signIn(server, 'alice');
        const body = 'ä'.repeat(6000);
        await alice.send(`<message to='bob@localhost' type='chat'><body>${body}</body></message>`);
        const push = await providers.apns.waitFor(({ bytes }) => bytes > 2500, 10_000);
        await alice.leave();
        assert.ok(push.bytes <= 4096);
        assert.ok(String(push.body['encrypted']).length <= 3072);
        const { message } = open(push.body) as { message: string };
        assert.ok(message.length > 1000 && body.startsWith(message));
      });
    },
  );
}

function enable(component: string, node = '', seal?: { key: Buffer; maxSize: string | undefined }) {
  const encrypt = seal
    ? `<encrypt xmlns='tigase:push:encrypt:0' alg='aes-128-gcm' max-size='${seal.maxSize}'>${seal.key.toString('base64')}</encrypt>`
    : '';
  return `<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${component}' node='${node}'>${encrypt}</enable></iq>`;
}

function luaosslFile() {
  return '/usr/share/lua/5.4/openssl.lua';
}
