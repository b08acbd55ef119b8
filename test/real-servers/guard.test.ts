import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';
import { defaults, type Providers, type Sealpost, startProviders, startSealpost } from '../support/sealpost.ts';
import { type Person, registerDevice, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import type { RealServer } from './server.ts';

// ejabberd forgets a device at the first answer that is not "wait", Prosody at the 16th in a row. Whether it still knows
// the device shows in a push that arrives after the fault was undone.

const servers = [
  { name: 'Prosody', skip: missingPackage('prosody', prosodyFile), start: () => startProsody({ seal: false }) },
  { name: 'ejabberd', skip: missingPackage('ejabberd', ejabberdFile), start: startEjabberd },
];

const token = 'ab12'.repeat(16);
const messages = 20;

for (const { name, skip, start } of servers) {
  describe(`guard - ${name}`, { skip, timeout: 240_000 }, () => {
    let server: RealServer;
    let providers: Providers;
    let sealpost: Sealpost;
    let alice: Person;

    before(startAll, { timeout: 120_000 });
    async function startAll(): Promise<void> {
      providers = await startProviders();
      server = await start();
      await run();
      const bob = await signIn(server, 'bob');
      const fields = { provider: 'tigase:messenger:apns:1', 'device-token': token };
      const { node = '' } = await registerDevice(bob, server.component, fields);
      await bob.request(
        `<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${server.component}' node='${node}'/></iq>`,
      );
      await bob.leave();
      alice = await signIn(server, 'alice');
    }
    after(async () => {
      await alice?.leave();
      await sealpost?.stop();
      await server?.stop();
      await providers?.stop();
    });

    /** Nothing may be sent while no component is connected: ejabberd would take that for the device's end. */
    async function run(over: object = {}): Promise<void> {
      await sealpost?.stop();
      sealpost = await startSealpost(providers.folder, {
        xmpp: [
          { service: `xmpp://127.0.0.1:${server.componentPort}`, domain: server.component, secret: server.secret },
        ],
        ...defaults(providers.folder),
        apps: providers.apps,
        ...over,
      });
      await eventually('the link is up', async () => {
        return (await metrics()).includes('sealpost_link_up{link="push.localhost"} 1') || undefined;
      });
    }

    async function metrics(): Promise<string> {
      return (await fetch(`${sealpost.opsUrl}/metrics`)).text();
    }

    async function answered(answer: string): Promise<number> {
      const line = new RegExp(`^sealpost_publishes_total\\{link="push.localhost",answer="${answer}"\\} (\\d+)$`, 'm');
      return Number(line.exec(await metrics())?.[1] ?? 0);
    }

    /** Messages for Bob's phone, which is off-line: each is published. */
    async function sendMessages(count: number): Promise<void> {
      for (let i = 0; i < count; i += 1) {
        await alice.send(
          `<message to='bob@localhost' type='chat' id='m${i}'><body>Art thou there? ${i}</body></message>`,
        );
      }
    }

    async function outlast(over: object): Promise<void> {
      await run(over);
      await sendMessages(messages);
      await eventually('every publish was answered', async () => {
        return (await answered('internal-server-error')) >= messages || undefined;
      });
      assert.equal(await answered('item-not-found'), 0);
    }

    async function assertStillPushed(): Promise<void> {
      const known = providers.apns.received.length;
      await sendMessages(1);
      await eventually(
        'a push arrived',
        () => providers.apns.received.slice(known).some((push) => push.token === token) || undefined,
      );
    }

    test('an empty store costs no registration', async () => {
      await outlast({ store: `sqlite:${join(providers.folder, 'empty.db')}` });
      await run();
      await assertStillPushed();
    });

    test('the topic of another app costs no registration', async () => {
      const { siskin } = providers.apps as { siskin: object };
      await outlast({ apps: { ...providers.apps, siskin: { ...siskin, topic: 'org.example.other' } } });
      await run();
      await assertStillPushed();
    });

    test('a token that APNs takes for one of the other environment costs no registration', async () => {
      providers.apns.script('*', { status: 400, reason: 'BadDeviceToken' });
      await outlast({});
      providers.apns.script('*', undefined);
      await run();
      await assertStillPushed();
    });
  });
}
