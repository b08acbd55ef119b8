import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  conversations2026,
  readP2Registration,
  receiveP2Push,
  writeP2Enable,
  writeP2Registration,
} from '../../src/harness/clients/models-p2.ts';
import { missingPackage } from '../support/debian.ts';
import { everyConvention } from '../support/every-convention.ts';
import { eventually } from '../support/process.ts';
import { type Person, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import { setUp } from './setting.ts';

const servers = [
  { name: 'Prosody', skip: missingPackage('prosody', prosodyFile), start: () => startProsody({ seal: false }) },
  { name: 'ejabberd', skip: missingPackage('ejabberd', ejabberdFile), start: startEjabberd },
];

const device = { token: 'fcmInst:APA91b-bob', androidId: '92afd7a91cdba9a0' };

for (const { name, skip, start } of servers) {
  describe(`conversations - ${name}`, { skip }, () => {
    const setting = setUp(start, everyConvention);

    /** Does what happens at every login: registers, and enables push with the answer. */
    async function bind(bob: Person, token: string) {
      const { component } = setting.server;
      // The real client library and server add addresses and id.
      const xml = writeP2Registration({ from: '', to: component, id: '' }, { ...device, token });
      const stanza = await bob.request(xml.replace(" id='' from=''", ''));
      const reading = readP2Registration(conversations2026, { to: component }, { kind: 'result', stanza });
      assert.ok(reading.kind === 'registered');
      await bob.request(`<iq type='set'>${writeP2Enable(reading)}</iq>`);
      return reading;
    }

    test('a message to an offline phone wakes it with high priority and the hash of its account', async () => {
      const { server, providers } = setting;
      const bob = await signIn(server, 'bob');
      await bind(bob, device.token);
      await bob.leave();
      const alice = await signIn(server, 'alice');
      await alice.send(`<message to='bob@localhost' type='chat' id='m1'><body>Wherefore art thou?</body></message>`);
      const push = await providers.fcm.waitFor(({ token }) => token === device.token, 10_000);
      await alice.leave();
      const message = push.body['message'] as { data: Record<string, string>; android: { priority: string } };
      assert.deepEqual(receiveP2Push(conversations2026, device, ['bob@localhost'], message), {
        kind: 'woken',
        prompt: 'bob@localhost',
        late: false,
      });
      assert.deepEqual(Object.keys(message.data), ['account']);
    });

    test('at the next login node and secret are the same, and the new token is used', async () => {
      const { server, providers, sealpost } = setting;
      const bob = await signIn(server, 'bob');
      const before = await bind(bob, `${device.token}-2`);
      assert.deepEqual(await bind(bob, `${device.token}-3`), before);
      await bob.leave();
      const alice = await signIn(server, 'alice');
      await alice.send(`<message to='bob@localhost' type='chat' id='m2'><body>Deny thy father</body></message>`);
      await providers.fcm.waitFor(({ token }) => token === `${device.token}-3`, 10_000);
      await alice.leave();
      await eventually('the server was answered', async () => {
        const text = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
        return /sealpost_publishes_total\{link="push.localhost",answer="result"\} [2-9]/.test(text) || undefined;
      });
      assert.equal(providers.fcm.received.filter(({ token }) => token === `${device.token}-2`).length, 0);
    });
  });
}
