import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  conversations2026,
  readP2Registration,
  writeP2Enable,
  writeP2Registration,
} from '../../src/harness/clients/models-p2.ts';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';
import { type Person, registerDevice, signIn } from './client.ts';
import { ejabberdFile, startEjabberd } from './ejabberd.ts';
import { prosodyFile, startProsody } from './prosody.ts';
import { usualAccounts } from './server.ts';
import { setUp } from './setting.ts';

// ejabberd forgets a device at the first answer that is not "wait", Prosody at the 16th in a row. The store is lost and
// its node key is not: then every publish reaches its device, and no server hears that anything is gone.

/** One person with an iPhone (tigase: registers once) and an Android phone (p2: registers at each login). */
interface Owner {
  readonly account: string;
  readonly iPhone: string;
  readonly android: { readonly token: string; readonly androidId: string };
}

/** Set LOST_STORE_OWNERS for more of them. */
const ownersInAll = Number(process.env['LOST_STORE_OWNERS'] ?? 150);

const owners: readonly Owner[] = Array.from({ length: ownersInAll }, (_, i) => {
  const account = `user${i}`;
  const digest = createHash('sha256').update(account).digest('hex');
  return { account, iPhone: digest, android: { token: `fcmInst:APA91b-${account}`, androidId: digest.slice(0, 16) } };
});
const lateOwners = owners.slice(-Math.floor(ownersInAll / 3));
const earlyOwners = owners.slice(0, -lateOwners.length);

const accounts = [...usualAccounts, ...owners.map(({ account }) => account)];
const servers = [
  {
    name: 'Prosody',
    skip: missingPackage('prosody', prosodyFile),
    start: () => startProsody({ seal: false, accounts }),
  },
  { name: 'ejabberd', skip: missingPackage('ejabberd', ejabberdFile), start: () => startEjabberd({ accounts }) },
];

for (const { name, skip, start } of servers) {
  describe(`lost store - ${name} that knows ${2 * ownersInAll} nodes`, { skip, timeout: 280_000 }, () => {
    const setting = setUp(start, (apps) => ({
      apps: { ...apps, conversations: { ...apps.android, ids: ['conversations'], conventions: ['p2'] } },
    }));
    /** What each Android phone heard when it registered first. */
    const answers = new Map<Owner, unknown>();
    let oldStore: string;
    let alice: Person | undefined;

    before(async () => {
      const { folder } = setting.providers;
      oldStore = join(folder, 'old.db');
      await setUpPhones(earlyOwners);
      await setting.restart({}, () => copyFile(join(folder, 'sealpost.db'), oldStore));
      await setUpPhones(lateOwners);
      alice = await signIn(setting.server, 'alice');
    });
    after(() => alice?.leave());

    async function asOwners(
      all: readonly Owner[],
      resource: string,
      act: (person: Person, owner: Owner) => Promise<void>,
    ) {
      const queue = all.values();
      const actNext = async () => {
        for (const owner of queue) {
          const person = await signIn(setting.server, owner.account, resource);
          await act(person, owner);
          await person.leave();
        }
      };
      await Promise.all(Array.from({ length: 10 }, actNext));
    }

    async function setUpPhones(all: readonly Owner[]): Promise<void> {
      const { component } = setting.server;
      await asOwners(all, 'iphone', async (person, { iPhone }) => {
        const fields = { provider: 'tigase:messenger:apns:1', 'device-token': iPhone };
        const { node = '' } = await registerDevice(person, component, fields);
        await person.request(`<iq type='set'><enable xmlns='urn:xmpp:push:0' jid='${component}' node='${node}'/></iq>`);
      });
      await asOwners(all, 'android', async (person, owner) => {
        answers.set(owner, await logInOnAndroid(person, owner));
      });
    }

    /** As at every login: registers, and enables push with what the answer says. */
    async function logInOnAndroid(person: Person, { android }: Owner): Promise<unknown> {
      const { component } = setting.server;
      const xml = writeP2Registration({ from: '', to: component, id: '' }, android);
      const stanza = await person.request(xml.replace(" id='' from=''", ''));
      const reading = readP2Registration(conversations2026, { to: component }, { kind: 'result', stanza });
      assert.ok(reading.kind === 'registered');
      await person.request(`<iq type='set'>${writeP2Enable(reading)}</iq>`);
      return reading;
    }

    /** What Sealpost answered since it started, when it answered as many publishes. */
    function whenAnswered(publishes: number): Promise<Record<string, number>> {
      return eventually(
        `${publishes} publishes were answered`,
        async () => {
          const counts = (await setting.metrics()).matchAll(
            /^sealpost_publishes_total\{link="push.localhost",answer="([^"]+)"\} ([1-9]\d*)$/gm,
          );
          const answered = Object.fromEntries(Array.from(counts, ([, answer = '', count]) => [answer, Number(count)]));
          assert.equal(answered['item-not-found'], undefined, JSON.stringify(answered));
          return Object.values(answered).reduce((sum, count) => sum + count, 0) >= publishes ? answered : undefined;
        },
        60_000,
      );
    }

    /** A message to each owner; resolves with the device tokens that a push reached since. */
    async function sendToAll(isReached: (tokens: ReadonlySet<string>) => boolean): Promise<ReadonlySet<string>> {
      const { apns, fcm } = setting.providers;
      const earlier = [apns.received.length, fcm.received.length];
      const reached = () =>
        new Set(
          [...apns.received.slice(earlier[0]), ...fcm.received.slice(earlier[1])]
            .filter(({ status }) => status === 200)
            .map(({ token }) => token),
        );
      for (const { account } of owners) {
        await alice?.send(`<message to='${account}@localhost' type='chat'><body>Art thou there?</body></message>`);
      }
      await eventually('the pushes', () => isReached(reached()) || undefined, 60_000).catch((cause: unknown) => {
        throw new Error(`a push to ${reached().size} phones`, { cause });
      });
      return reached();
    }

    /** Kills Sealpost, lets the store be lost and starts it: what the next publish of each registration leads to. */
    async function lose(replace: (store: string) => Promise<void>): Promise<void> {
      setting.sealpost.process.kill('SIGKILL');
      await setting.sealpost.ended;
      await setting.restart({}, async () => {
        for (const file of ['sealpost.db', 'sealpost.outbox.db']) {
          const path = join(setting.providers.folder, file);
          for (const side of ['', '-wal', '-shm']) await rm(`${path}${side}`, { force: true });
        }
        await replace(join(setting.providers.folder, 'sealpost.db'));
      });
    }

    /** Android phones have logged in again with what they had: everything works as before. */
    async function assertNoneLost(): Promise<void> {
      await asOwners(owners, 'android', async (person, owner) => {
        assert.deepEqual(await logInOnAndroid(person, owner), answers.get(owner));
      });
      await setting.restart();
      const tokens = await sendToAll((reached) => reached.size === 2 * owners.length);
      for (const { iPhone, android } of owners) assert.ok(tokens.has(iPhone) && tokens.has(android.token));
      assert.deepEqual(await whenAnswered(2 * owners.length), { result: 2 * owners.length });
    }

    test('without the store every iPhone is pushed to at once, and every Android phone after its next login', async () => {
      await lose(() => Promise.resolve());
      const tokens = await sendToAll((reached) => owners.every(({ iPhone }) => reached.has(iPhone)));
      assert.equal(tokens.size, owners.length);
      assert.deepEqual(await whenAnswered(2 * owners.length), {
        result: owners.length,
        'internal-server-error': owners.length,
      });
      await assertNoneLost();
    });

    test('with a copy of the store from before the last third was registered likewise', async () => {
      await lose((store) => copyFile(oldStore, store));
      const tokens = await sendToAll(
        (reached) =>
          owners.every(({ iPhone }) => reached.has(iPhone)) &&
          earlyOwners.every((owner) => reached.has(owner.android.token)),
      );
      assert.equal(tokens.size, owners.length + earlyOwners.length);
      assert.deepEqual(await whenAnswered(2 * owners.length), {
        result: owners.length + earlyOwners.length,
        'internal-server-error': lateOwners.length,
      });
      await assertNoneLost();
    });
  });
}
