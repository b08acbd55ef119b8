import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';
import { type Person, registerDevice, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import { usualAccounts } from './server.ts';
import { setUp } from './setting.ts';

// ejabberd forgets a device at the first answer that is not "wait", Prosody at the 16th in a row. A push that arrives
// after the fault was undone shows that the server still knows the device.

interface Phone {
  readonly account: string;
  readonly token: string;
}

/**
 * In the order of registration, each with an account of its own, so that a server's decision about one affects no
 * other.
 */
const phones: readonly Phone[] = Array.from({ length: 1_000 }, (_, i) => {
  const account = `user${i}`;
  return { account, token: createHash('sha256').update(account).digest('hex') };
});

/** One message to each, in an order independent of age. */
const round = phones.toSorted((a, b) => (a.token < b.token ? -1 : 1));
/** Then 19 more to some, so that Prosody would forget them. */
const flood = [...round, ...Array.from({ length: 19 }, () => round.filter((_, i) => i % 40 === 0)).flat()];

const accounts = [...usualAccounts, ...phones.map(({ account }) => account)];
const servers = [
  {
    name: 'Prosody',
    skip: missingPackage('prosody', prosodyFile),
    start: () => startProsody({ seal: false, accounts }),
  },
  { name: 'ejabberd', skip: missingPackage('ejabberd', ejabberdFile), start: () => startEjabberd({ accounts }) },
];

/** The key may push to both topics, like the key of a vendor with two apps; every device token belongs to the first. */
const twoApps = { topics: ['org.example.messenger', 'org.example.other'], topicOf: () => 'org.example.messenger' };

for (const { name, skip, start } of servers) {
  describe(`guard - ${name} that knows 1,000 nodes`, { skip, timeout: 240_000 }, () => {
    const setting = setUp(start, undefined, twoApps);
    let alice: Person | undefined;

    before(async () => {
      await register(phones);
      alice = await signIn(setting.server, 'alice');
    });
    after(() => alice?.leave());

    /** Registers and enables push as a client does, and leaves the phones offline. */
    async function register(newPhones: readonly Phone[]): Promise<void> {
      const { server } = setting;
      const queue = newPhones.values();
      const registerNext = async () => {
        for (const { account, token } of queue) {
          const owner = await signIn(server, account);
          const fields = { provider: 'tigase:messenger:apns:1', 'device-token': token };
          const { node = '' } = await registerDevice(owner, server.component, fields);
          await owner.request(
            `<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${server.component}' node='${node}'/></iq>`,
          );
          await owner.leave();
        }
      };
      await Promise.all(Array.from({ length: 20 }, registerNext));
    }

    /** Only while Sealpost is connected, since ejabberd takes a missing component for the end of the device. */
    async function send(recipients: readonly Phone[]): Promise<void> {
      for (const { account } of recipients) {
        await alice?.send(`<message to='${account}@localhost' type='chat'><body>Art thou there?</body></message>`);
      }
    }

    /** Answers of Sealpost since its start, once it has answered as many publishes. */
    function whenAnswered(publishes: number): Promise<Record<string, number>> {
      return eventually(
        `${publishes} publishes were answered`,
        async () => {
          const counts = (await setting.metrics()).matchAll(
            /^sealpost_publishes_total\{link="push.localhost",answer="([^"]+)"\} ([1-9]\d*)$/gm,
          );
          const answers = Object.fromEntries(Array.from(counts, ([, answer = '', count]) => [answer, Number(count)]));
          assert.equal(answers['item-not-found'], undefined, JSON.stringify(answers));
          return Object.values(answers).reduce((sum, count) => sum + count, 0) >= publishes ? answers : undefined;
        },
        30_000,
      );
    }

    async function registrations(): Promise<number> {
      return Number(/^sealpost_registrations\{app="siskin"\} (\d+)$/m.exec(await setting.metrics())?.[1]);
    }

    /** Lets the server publish to all while Sealpost runs with these parts of the config; returns the answers. */
    async function outlast(over: object): Promise<Record<string, number>> {
      await setting.restart(over);
      await send(flood);
      return whenAnswered(flood.length);
    }

    /** Undoes the fault and checks that Sealpost still knows every phone and the server still publishes for each. */
    async function assertNoneLost(): Promise<void> {
      await setting.restart();
      assert.equal(await registrations(), phones.length);
      const pushed = new Set<string>();
      const stop = setting.providers.apns.onPush(({ token, status }) => status === 200 && pushed.add(token));
      await send(round);
      await eventually('a push to each phone', () => pushed.size === phones.length || undefined, 30_000).catch(
        (cause) => {
          throw new Error(`a push to ${pushed.size} of ${phones.length} phones`, { cause });
        },
      );
      stop();
      assert.deepEqual(await whenAnswered(phones.length), { result: phones.length });
    }

    test('the topic of another app costs no registration', async () => {
      const { siskin, ...apps } = setting.providers.apps;
      const answers = await outlast({ apps: { ...apps, siskin: { ...siskin, topic: 'org.example.other' } } });
      assert.deepEqual(answers, { 'internal-server-error': flood.length });
      await assertNoneLost();
    });

    test('tokens of the other environment cost no registration', async () => {
      const { siskin, ...apps } = setting.providers.apps;
      setting.providers.apns.script('*', { status: 400, reason: 'BadDeviceToken' });
      const answers = await outlast({ apps: { ...apps, siskin: { ...siskin, environment: 'sandbox' } } });
      assert.deepEqual(answers, { 'internal-server-error': flood.length });
      setting.providers.apns.script('*', undefined);
      await assertNoneLost();
    });
  });
}
