import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { type ForeignRegistration, IMPORT_BATCH, NOTES_BATCH } from '../../../src/store/registry/contract.ts';
import type { Registration, RegistrationRequest } from '../../../src/core/registration.ts';
import type { StoreLocation } from '../../../src/store/open.ts';
import { type OpenedRegistry, openRegistry, registrationLimits } from '../../support/store.ts';
import type { RegistrationLimits } from '../../../src/store/registry/limits.ts';
import { nodeNames } from '../../support/nodes.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { eventually } from '../../support/process.ts';
import { fingerprint } from '../../../src/telemetry/log.ts';
import { quietTelemetry } from '../../support/telemetry.ts';

const DAY_MS = 86_400_000;
const registrationsPerAccount = 250;
const START_MS = Date.UTC(2026, 10, 1);
const romeo: RegistrationRequest = {
  app: 'siskin',
  convention: 'tigase',
  account: 'Romeo@example.net',
  device: 'AB12',
  token: 'AB12',
  secondToken: '77ab',
  withSecret: false,
};

/** As p2 has it: the SHA-1 of romeo@example.net, NUL and the device id 92afd7a91cdba9a0. */
const hash = createHash('sha1').update('romeo@example.net\u000092afd7a91cdba9a0').digest('hex');
const foreign: ForeignRegistration = {
  node: 'eKxTS5n3bOe0',
  app: 'android',
  convention: 'p2',
  account: 'example.net',
  accountHash: hash,
  device: hash,
  token: 'fcmInst:APA91b',
  secret: 'KK4+H5WMfpRG/2zCbuKq6wpX',
  registeredAtMs: 0,
};

/** Every engine must pass the whole table. */
export interface Engine {
  readonly name: string;
  /** An empty store that can be opened again and again. */
  readonly prepare: (t: TestContext) => StoreLocation | Promise<StoreLocation>;
  /** Why its tests are skipped; false: they are not. */
  readonly skip: false | string;
}

export function testRegistry({ name, prepare, skip }: Engine): void {
  const registryTest = (what: string, run: (parts: Parts) => Promise<void>) =>
    test(`registry on ${name} - ${what}`, { skip }, async (t) => {
      const store = await prepare(t);
      const clock = manualClock(START_MS);
      const { log, metrics } = { ...quietTelemetry(), metrics: createMetrics('test') };
      const opened: OpenedRegistry[] = [];
      const open = async (registrations = registrationLimits) => {
        const registry = await openRegistry({ store, clock, nodes: nodeNames(), registrations, log, metrics });
        opened.push(registry);
        return registry;
      };
      try {
        await run({ registry: await open(), open, clock, metrics });
      } finally {
        for (const registry of opened) await registry.close();
      }
    });

  registryTest(
    'a registration is accepted once a provider accepted its token, over a restart',
    async ({ registry, open }) => {
      const { node, registeredAtMs } = await registry.register(romeo);
      const other = await registry.register({ ...romeo, device: 'CD34', token: 'CD34' });
      assert.equal((await registry.find(node))?.wasAccepted, undefined);
      await registry.noteDevices([{ node, registeredAtMs, acceptedAtMs: START_MS }]);
      assert.equal((await registry.find(node))?.wasAccepted, true);
      const later = await open();
      assert.equal((await later.find(node))?.wasAccepted, true);
      assert.equal((await later.find(other.node))?.wasAccepted, undefined);
      await later.noteDevices([]);
    },
  );

  registryTest('a batch of accepted registrations is noted at once, of any that exist', async ({ registry }) => {
    const batch = Array.from({ length: NOTES_BATCH }, (_, i) => ({
      node: `n${i}`,
      registeredAtMs: i,
      acceptedAtMs: START_MS,
    }));
    const { node, registeredAtMs } = await registry.register(romeo);
    await registry.noteDevices([...batch.slice(1), { node, registeredAtMs, acceptedAtMs: START_MS }]);
    assert.equal((await registry.find(node))?.wasAccepted, true);
  });

  registryTest(
    'registering again keeps the accepted mark with the same tokens, and takes it with others',
    async (parts) => {
      const { registry, clock } = parts;
      const device = { ...romeo, device: 'id', convention: 'p2' } as const;
      const accept = async () => {
        await registry.noteDevices([{ ...(await registry.register(device)), acceptedAtMs: START_MS }]);
        return registry.list({ app: device.app, account: device.account }, 1);
      };
      for (const changed of [{ token: 'AB13' }, { secondToken: '77AC' }]) {
        assert.equal((await accept())[0]?.wasAccepted, true);
        clock.advance(1);
        assert.equal((await registry.register({ ...device, token: 'ab12' })).wasAccepted, true);
        assert.equal((await registry.register({ ...device, ...changed })).wasAccepted, undefined);
      }
    },
  );

  registryTest('what was accepted before the device registered anew proves nothing of its new token', async (parts) => {
    const { registry, clock } = parts;
    const device = { ...romeo, device: 'id', convention: 'p2' } as const;
    const pushed = await registry.register(device);
    clock.advance(1);
    const { node } = await registry.register({ ...device, token: 'made up' });
    await registry.noteDevices([{ ...pushed, acceptedAtMs: START_MS }]);
    assert.equal((await registry.find(node))?.wasAccepted, undefined);
  });

  const noteOf = ({ node, registeredAtMs }: Registration, atMs: number) => ({
    node,
    registeredAtMs,
    published: { atMs, outcome: 'queued' as const },
    pushed: { atMs: atMs + 1, result: 'retry timeout' },
  });

  registryTest('what was noted of a device is there for the operator, over a restart', async (parts) => {
    const { registry, open, clock } = parts;
    const first = await registry.register({ ...romeo, component: 'push.example.org' });
    clock.advance(DAY_MS);
    const registration = await registry.register({ ...romeo, component: 'push.example.com' });
    await registry.noteDevices([noteOf(registration, START_MS + DAY_MS + 5)]);
    const later = await open();
    assert.deepEqual(await later.devices.ofAccount('romeo@EXAMPLE.net', 10), [
      {
        registration,
        timesRegistered: 2,
        firstRegisteredAtMs: first.registeredAtMs,
        published: { atMs: START_MS + DAY_MS + 5, outcome: 'queued' },
        pushed: { atMs: START_MS + DAY_MS + 6, result: 'retry timeout' },
      },
    ]);
    assert.deepEqual([registration.component, first.registeredAtMs], ['push.example.com', START_MS]);
    assert.deepEqual(await later.devices.ofAccount('juliet@example.net', 10), []);
  });

  registryTest('a note leaves what it does not speak of, and skips a device that registered anew', async (parts) => {
    const { registry, clock } = parts;
    const registration = await registry.register(romeo);
    await registry.noteDevices([noteOf(registration, START_MS)]);
    await registry.noteDevices([{ ...registration, pushed: { atMs: START_MS + 9, result: 'accepted' } }]);
    clock.advance(1);
    await registry.register(romeo);
    await registry.noteDevices([noteOf(registration, START_MS + 100)]);
    const [found] = await registry.devices.ofAccount(romeo.account, 10);
    assert.deepEqual(found?.published, { atMs: START_MS, outcome: 'queued' });
    assert.deepEqual(found?.pushed, { atMs: START_MS + 9, result: 'accepted' });
  });

  registryTest('two processes that note the same devices at once do not lock each other out', async (parts) => {
    const { registry, open } = parts;
    const other = await open();
    const phones = await Promise.all(
      Array.from({ length: 200 }, (_, i) => registry.register({ ...romeo, device: `d${i}`, token: `d${i}` })),
    );
    const batch = phones.map((phone) => noteOf(phone, START_MS));
    const rounds = Array.from({ length: 20 }, () => [
      registry.noteDevices(batch),
      other.noteDevices(batch.toReversed()),
    ]);
    await Promise.all(rounds.flat());
    const noted = await registry.devices.ofAccount(romeo.account, 300);
    assert.deepEqual([noted.length, noted.every(({ pushed }) => pushed?.atMs === START_MS + 1)], [200, true]);
  });

  registryTest('a device that comes back after its removal begins anew, notes included', async (parts) => {
    const { registry, clock } = parts;
    const registration = await registry.register(romeo);
    await registry.noteDevices([noteOf(registration, START_MS)]);
    clock.advance(1_000);
    await registry.remove(registration.node, registration.registeredAtMs, 'revoked');
    const [removed] = await registry.devices.ofAccount(romeo.account, 10);
    assert.deepEqual(removed?.removed, { atMs: START_MS + 1_000, reason: 'revoked' });
    assert.equal(removed.pushed?.result, 'retry timeout');
    clock.advance(1_000);
    await registry.register(romeo);
    const [found] = await registry.devices.ofAccount(romeo.account, 10);
    assert.deepEqual(
      [found?.removed, found?.published, found?.pushed, found?.firstRegisteredAtMs, found?.timesRegistered],
      [undefined, undefined, undefined, START_MS + 2_000, 1],
    );
  });

  registryTest('devices are found by the fingerprint of their node and the begin of a token', async ({ registry }) => {
    const phones = [];
    for (let i = 0; i < 5; i += 1) {
      const [token, secondToken] = [`c0ffee0${i}`, `decaf0${i}`];
      phones.push(
        await registry.register({ ...romeo, account: `u${i}@example.net`, device: token, token, secondToken }),
      );
    }
    const [, , wanted] = phones;
    assert.ok(wanted);
    const { devices } = registry;
    assert.equal((await devices.byFingerprint(fingerprint(wanted.node)))?.registration.node, wanted.node);
    assert.equal(await devices.byFingerprint('000000000000'), undefined);
    const tokensOf = async (prefix: string, limit = 10) =>
      (await devices.byToken(prefix, limit)).map(({ registration }) => registration.token).toSorted();
    assert.deepEqual(await tokensOf('c0ffee03'), ['c0ffee03']);
    assert.deepEqual(await tokensOf('decaf04'), ['c0ffee04']);
    assert.equal((await tokensOf('c0ffee')).length, 5);
    assert.equal((await tokensOf('c0ffee', 2)).length, 2);
    assert.deepEqual(await tokensOf('offee'), []);
    assert.deepEqual(await tokensOf('c0ffee%'), []);
    const listed = [];
    for await (const page of devices.all()) listed.push(...page);
    assert.deepEqual(
      listed.map(({ registration }) => registration.node).toSorted(),
      phones.map(({ node }) => node).toSorted(),
    );
  });

  registryTest('more devices than a page has are all found and listed', async ({ registry }) => {
    for (let i = 0; i < 1_100; i += IMPORT_BATCH) {
      const batch = Array.from({ length: IMPORT_BATCH }, (_, j) => {
        const number = String(i + j).padStart(5, '0');
        return { ...foreign, node: `n${number}`, device: number, token: `t${number}` };
      });
      await registry.importRegistrations(batch);
    }
    const { devices } = registry;
    for (const number of ['00000', '00999', '01000', '01199']) {
      assert.equal((await devices.byFingerprint(fingerprint(`n${number}`)))?.registration.token, `t${number}`);
      assert.deepEqual(
        (await devices.byToken(`t${number}`, 10)).map(({ registration }) => registration.node),
        [`n${number}`],
      );
    }
    let count = 0;
    for await (const page of devices.all()) count += page.length;
    assert.equal(count, 1_200);
    await assert.rejects(devices.byToken('t', 10, AbortSignal.abort()), { name: 'AbortError' });
  });

  registryTest('of an account that is forgotten nothing stays, and none of its nodes comes back', async (parts) => {
    const { registry, open } = parts;
    const phone = await registry.register(romeo);
    const tablet = await registry.register({ ...romeo, device: 'CD34', token: 'CD34' });
    await registry.remove(tablet.node, tablet.registeredAtMs, 'gone');
    const other = await registry.register({ ...romeo, account: 'juliet@example.net' });
    const forgotten = await registry.forget('ROMEO@example.net');
    assert.deepEqual(forgotten, { registrations: [phone], marks: 1 });
    assert.deepEqual(await registry.devices.ofAccount(romeo.account, 10), []);
    assert.deepEqual(await registry.forget(romeo.account), { registrations: [], marks: 0 });
    const later = await open();
    for (const { node } of [phone, tablet]) {
      assert.equal(await later.find(node), undefined);
      assert.equal(await later.wasRemoved(node), true);
    }
    assert.equal((await later.find(other.node))?.account, 'juliet@example.net');
    assert.deepEqual([...(await later.count())], [['siskin', 1]]);
    const back = await later.register(romeo);
    assert.equal((await later.find(back.node))?.account, romeo.account);
    // Again, although it was forgotten before.
    assert.equal((await later.forget(romeo.account)).registrations.length, 1);
    assert.deepEqual([await later.find(phone.node), await later.wasRemoved(phone.node)], [undefined, true]);
  });

  registryTest('the component and the room come back, and follow the latest registering', async ({ registry }) => {
    const room = { ...romeo, convention: 'p2', device: 'id hash', room: 'verona@rooms.example.org' } as const;
    const { node } = await registry.register({ ...room, component: 'push.example.org' });
    const found = await registry.find(node);
    assert.deepEqual([found?.room, found?.component], ['verona@rooms.example.org', 'push.example.org']);
    await registry.register({ ...room, component: 'push.example.com' });
    assert.equal((await registry.find(node))?.component, 'push.example.com');
    await registry.register(romeo);
    assert.equal('room' in (await registry.register(romeo)), false);
  });

  registryTest('a room’s registration and the account’s are apart, down to unregistering', async ({ registry }) => {
    const own = { ...romeo, convention: 'p2', device: 'id', token: 'fcm', withSecret: true } as const;
    const account = await registry.register(own);
    const room = await registry.register({ ...own, device: 'id hash', room: 'verona@rooms.example.org' });
    assert.notEqual(account.node, room.node);
    assert.notEqual(account.secret, room.secret);
    assert.equal(await registry.unregister({ account: own.account, token: 'id hash', app: own.app }), 1);
    assert.ok(await registry.find(account.node));
  });

  registryTest('a node unregisters its own device, for its own account', async ({ registry }) => {
    const { node } = await registry.register(romeo);
    assert.equal(await registry.unregister({ account: 'juliet@example.net', token: node }), 0);
    assert.equal(await registry.unregister({ account: romeo.account, token: node.toUpperCase() }), 0);
    assert.equal(await registry.unregister({ account: romeo.account, token: node }), 1);
  });

  registryTest('what another account registers under the same name is its own, with its own secret', async (parts) => {
    const { registry } = parts;
    const request = { ...romeo, convention: 'v1', device: 'same', withSecret: true } as const;
    const mine = await registry.register(request);
    const theirs = await registry.register({ ...request, account: 'mallory@example.net', token: 'evil' });
    assert.notEqual(theirs.node, mine.node);
    assert.notEqual(theirs.secret, mine.secret);
    assert.deepEqual(await registry.find(mine.node), mine);
  });

  /** Pairs that Unicode folds to one, and XMPP servers of an older Unicode tell apart. */
  for (const [mine, theirs] of [
    ['\u10d0@example.net', '\u1c90@example.net'],
    ['k@example.net', '\u212a@example.net'],
    ['\u00e4@example.net', '\u00c4@example.net'],
    ['romeo@\u00e4.example', 'romeo@\u00c4.example'],
  ] as const) {
    registryTest(`${mine} and ${theirs} are two accounts`, async ({ registry }) => {
      const request = { ...romeo, convention: 'p2', account: mine, withSecret: true } as const;
      const { node, secret } = await registry.register(request);
      const other = await registry.register({ ...request, account: theirs });
      assert.notEqual(other.node, node);
      assert.notEqual(other.secret, secret);
      assert.equal((await registry.find(node))?.account, mine);
      for (const token of [romeo.token, romeo.device, node]) {
        await registry.unregister({ account: theirs, token });
        assert.ok(await registry.find(node), token);
      }
      assert.deepEqual(await registry.list({ app: romeo.app, account: theirs }, 10), []);
      assert.equal(await registry.unregister({ account: mine, token: romeo.token }), 1);
    });
  }

  registryTest('an account that makes up devices without end displaces its own oldest', async ({ registry, clock }) => {
    const juliet = await registry.register({ ...romeo, account: 'juliet@example.net' });
    const nodes: string[] = [];
    for (let n = 0; n < registrationsPerAccount + 3; n += 1) {
      clock.advance(1);
      nodes.push((await registry.register({ ...romeo, device: `device ${n}`, token: `token ${n}` })).node);
    }
    assert.equal((await registry.count()).get('siskin'), registrationsPerAccount + 1);
    for (const [n, node] of nodes.entries()) assert.equal((await registry.find(node)) === undefined, n < 3, `${n}`);
    assert.equal(await registry.wasRemoved(nodes[0] ?? ''), true);
    assert.ok(await registry.find(juliet.node));
  });

  const deviceOf = (account: string, token: string) => ({ ...romeo, account, device: token, token });
  const refused = (reason: string) => ({
    name: 'TooManyRegistrations',
    message: `too many registrations of one domain (${reason})`,
  });

  registryTest('a domain has as many registrations as it may have, and no other one is full with it', async (parts) => {
    const registry = await parts.open({ perDomain: 3, newPerDay: 100 });
    const made = [];
    for (const i of [1, 2, 3]) made.push(await registry.register(deviceOf(`user${i}@Made.example`, `a${i}`)));
    await assert.rejects(registry.register(deviceOf('user4@made.example', 'a4')), refused('domain'));
    assert.equal((await registry.list({ app: 'siskin', account: 'user4@made.example' }, 1)).length, 0);
    // Known devices register as before.
    const again = await registry.register(deviceOf('user2@made.example', 'A2'));
    assert.equal(again.node, made[1]?.node);
    await registry.register(deviceOf('romeo@example.net', 'b1'));
    assert.match(
      await parts.metrics.registry.metrics(),
      /^sealpost_registrations_refused_total\{reason="domain"\} 1$/m,
    );

    await registry.unregister({ account: 'user1@made.example', token: 'a1' });
    await registry.register(deviceOf('user4@made.example', 'a4'));
    // The one that left is new when it comes back.
    await assert.rejects(registry.register(deviceOf('user1@made.example', 'a1')), refused('domain'));
    await registry.remove(made[1]?.node ?? '', parts.clock.now() + 1_000, 'gone');
    assert.equal(await registry.restore(made.slice(1, 2)), 1);
    await assert.rejects(registry.register(deviceOf('user1@made.example', 'a1')), refused('domain'));
  });

  registryTest('a domain has as many new devices a day as it may have, from midnight on again', async (parts) => {
    const registry = await parts.open({ perDomain: 100, newPerDay: 2 });
    for (const i of [1, 2]) await registry.register(deviceOf('romeo@made.example', `a${i}`));
    await assert.rejects(registry.register(deviceOf('tybalt@made.example', 'b1')), refused('day'));
    // An account that is known may have another device, or a new token, which some clients name their device by.
    await registry.register(deviceOf('romeo@made.example', 'a3'));
    parts.clock.advance(DAY_MS);
    await registry.register(deviceOf('tybalt@made.example', 'b1'));
    // Devices that come and go use up nothing.
    for (let i = 0; i < 5; i += 1) {
      await registry.unregister({ account: 'romeo@made.example', token: 'a1' });
      await registry.register(deviceOf('romeo@made.example', 'a1'));
    }
    const later = await parts.open({ perDomain: 100, newPerDay: 2 });
    await later.register(deviceOf('mercutio@made.example', 'c1'));
    await assert.rejects(later.register(deviceOf('nurse@made.example', 'd1')), refused('day'));
    // Without an account nobody's part is used up.
    for (let i = 0; i < 5; i += 1) await later.register({ ...deviceOf('', `e${i}`), app: 'monal' });
  });

  registryTest('imported registrations, and those made of their nodes, count for their domain', async (parts) => {
    const registry = await parts.open({ perDomain: 3, newPerDay: 1 });
    await registry.importRegistrations([foreign]);
    // None of them is a new device.
    await registry.register(deviceOf('tybalt@example.net', 'c0'));
    const opened = {
      ...deviceOf('juliet@example.net', 'c1'),
      node: 'n-c1',
      registeredAtMs: 0,
      isRestored: true as const,
    };
    await registry.readmit(opened);
    await assert.rejects(registry.register(deviceOf('romeo@example.net', 'c2')), refused('domain'));
  });

  registryTest('a device never displaces itself, whatever wall time does', async ({ registry, clock }) => {
    for (let n = 0; n < registrationsPerAccount; n += 1) {
      await registry.register({ ...romeo, device: `device ${n}`, token: `token ${n}` });
    }
    clock.step(-1_000);
    const { node } = await registry.register({ ...romeo, device: 'latest', token: 'latest' });
    assert.ok(await registry.find(node));
    const atOnce = Array.from({ length: 4 }, (_, n) => registry.register({ ...romeo, device: `${n}`, token: `${n}` }));
    await Promise.all(atOnce);
    await registry.register({ ...romeo, device: 'after', token: 'after' });
    assert.equal((await registry.count()).get('siskin'), registrationsPerAccount);
  });

  registryTest('devices without an account displace nobody’s', async ({ registry }) => {
    const request = { ...romeo, convention: 'v1', account: '' } as const;
    for (let n = 0; n < registrationsPerAccount + 1; n += 1) await registry.register({ ...request, device: `${n}` });
    assert.equal((await registry.count()).get('siskin'), registrationsPerAccount + 1);
  });

  registryTest(
    'a registration is found by its node, account and tokens as the client wrote them',
    async ({ registry }) => {
      const { node, ...rest } = await registry.register(romeo);
      assert.match(node, /^A[Q-Za-f][\w-]{40,248}$/);
      assert.deepEqual(rest, {
        app: 'siskin',
        convention: 'tigase',
        account: 'Romeo@example.net',
        device: 'AB12',
        token: 'AB12',
        tokenKey: 'Wdk3cjVkk3zRRBNw',
        secondToken: '77ab',
        registeredAtMs: START_MS,
      });
      assert.deepEqual(await registry.find(node), { node, ...rest });
      assert.equal(await registry.find(`${node}x`), undefined);
      assert.equal(await registry.find(node.toLowerCase()), undefined);
      assert.equal(await registry.find(''), undefined);
    },
  );

  registryTest('text that looks like SQL, and text in any script, is only text', async ({ registry }) => {
    const odd = {
      ...romeo,
      account: 'o\'brien"; DROP TABLE registration; --@exämple.net',
      token: '🔑',
      device: '%_\\',
    };
    const { node } = await registry.register(odd);
    const found = await registry.find(node);
    assert.deepEqual([found?.account, found?.token, found?.device], [odd.account, odd.token, odd.device]);
    assert.equal(await registry.find("' OR 1=1 --"), undefined);
    assert.equal(await registry.unregister({ account: '%', token: '%' }), 0);
  });

  registryTest(
    'the same device keeps its node, whatever the case; its tokens are updated',
    async ({ registry, clock }) => {
      const first = await registry.register(romeo);
      clock.advance(1_000);
      const { secondToken: _, ...later } = { ...romeo, account: 'romeo@EXAMPLE.net', device: 'ab12', token: 'ab12' };
      const second = await registry.register(later);
      assert.deepEqual(second, {
        node: first.node,
        app: 'siskin',
        convention: 'tigase',
        account: 'romeo@EXAMPLE.net',
        device: 'ab12',
        token: 'ab12',
        tokenKey: 'Wdk3cjVkk3zRRBNw',
        registeredAtMs: START_MS + 1_000,
      });
      assert.deepEqual(await registry.find(first.node), second);
      assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
    },
  );

  registryTest('another app, account or device is another registration', async ({ registry }) => {
    const nodes = [
      await registry.register(romeo),
      await registry.register({ ...romeo, app: 'snikket' }),
      await registry.register({ ...romeo, account: 'juliet@example.net' }),
      await registry.register({ ...romeo, device: 'CD34', token: 'CD34' }),
    ].map(({ node }) => node);
    assert.equal(new Set(nodes).size, 4);
    assert.deepEqual(
      await registry.count(),
      new Map([
        ['siskin', 3],
        ['snikket', 1],
      ]),
    );
  });

  registryTest('a secret is made where one is wanted and kept over registering again', async ({ registry }) => {
    const wanted = { ...romeo, withSecret: true };
    const first = await registry.register(wanted);
    const second = await registry.register({ ...wanted, token: 'new' });
    assert.match(first.secret ?? '', /^[A-Za-z0-9_-]{32}$/);
    assert.notEqual(first.secret, first.node);
    assert.deepEqual([second.node, second.secret, second.token], [first.node, first.secret, 'new']);
    assert.equal((await registry.register(romeo)).secret, undefined);
  });

  registryTest('requests for one device at the same time give one registration', async ({ registry, open }) => {
    const other = await open();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? registry : other).register({ ...romeo, withSecret: true })),
    );
    assert.equal(new Set(answers.map(({ node, secret }) => `${node} ${secret}`)).size, 1);
    assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
  });

  registryTest('registrations are there after closing and opening again', async ({ registry, open }) => {
    const { node } = await registry.register(romeo);
    await registry.close();
    assert.equal((await (await open()).find(node))?.token, 'AB12');
  });

  registryTest('unregistering matches account and token without regard to case, in every app', async ({ registry }) => {
    const siskin = await registry.register(romeo);
    await registry.register({ ...romeo, app: 'snikket' });
    const juliet = await registry.register({ ...romeo, account: 'juliet@example.net' });
    assert.equal(await registry.unregister({ account: 'rOMEO@example.NET', token: 'aB12' }), 2);
    assert.equal(await registry.unregister({ account: 'rOMEO@example.NET', token: 'aB12' }), 0);
    assert.equal(await registry.find(siskin.node), undefined);
    assert.ok(await registry.find(juliet.node));
  });

  registryTest('a device that unregisters and registers anew at the same time is registered', async ({ registry }) => {
    await registry.register(romeo);
    const [removed, { node }] = await Promise.all([
      registry.unregister({ account: romeo.account, token: romeo.token }),
      registry.register(romeo),
    ]);
    assert.equal(removed, 1);
    assert.equal((await registry.find(node))?.node, node);
    assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
  });

  registryTest('unregistering with an app leaves the others alone', async ({ registry }) => {
    await registry.register(romeo);
    await registry.register({ ...romeo, app: 'snikket' });
    assert.equal(await registry.unregister({ account: romeo.account, token: romeo.token, app: 'snikket' }), 1);
    assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
  });

  registryTest('unregistering takes the id of the device where a convention has one', async ({ registry }) => {
    await registry.register({ ...romeo, convention: 'p2', device: 'android-1', token: 'fcm-token' });
    assert.equal(await registry.unregister({ account: romeo.account, token: 'Android-1' }), 1);
  });

  registryTest(
    'the registrations of an account in one app are listed, the latest first',
    async ({ registry, clock }) => {
      const first = await registry.register(romeo);
      clock.advance(1_000);
      const second = await registry.register({ ...romeo, account: 'romeo@example.net', device: 'CD34', token: 'CD34' });
      await registry.register({ ...romeo, app: 'snikket' });
      await registry.register({ ...romeo, account: 'juliet@example.net' });
      const of = { app: 'siskin', account: 'ROMEO@example.net' };
      assert.deepEqual(await registry.list(of, 10), [second, first]);
      assert.deepEqual(await registry.list(of, 1), [second]);
      assert.deepEqual(await registry.list({ ...of, device: 'ab12' }, 10), [first]);
      assert.deepEqual(await registry.list({ ...of, app: 'stork' }, 10), []);
    },
  );

  registryTest('a foreign registration keeps its node and secret, and is taken once', async ({ registry, metrics }) => {
    assert.deepEqual(await registry.importRegistrations([foreign]), ['taken']);
    assert.deepEqual(await registry.find(foreign.node), { ...foreign, tokenKey: 'HZI1WJy3kEaXF1ZO' });
    assert.deepEqual(await registry.importRegistrations([foreign, foreign]), ['present', 'present']);
    assert.deepEqual(await registry.count(), new Map([['android', 1]]));
    assert.match(await metrics.registry.metrics(), /sealpost_registrations\{app="android"\} 1/);
  });

  registryTest('of a batch, each hears what became of it', async ({ registry }) => {
    const { node } = await registry.register({ ...romeo, app: 'android', device: 'known', account: 'example.net' });
    await registry.importRegistrations([{ ...foreign, node: 'gone', device: 'gone' }]);
    await registry.remove('gone', 0, 'gone');
    const more = [
      foreign,
      foreign,
      { ...foreign, node: 'another' },
      { ...foreign, node, device: 'stranger' },
      { ...foreign, node: 'gone', device: 'gone' },
      { ...foreign, node: 'third', device: 'KNOWN' },
      { ...foreign, node: 'last', device: 'last' },
    ];
    const outcomes = ['taken', 'present', 'device-known', 'node-taken', 'removed', 'device-known', 'taken'];
    assert.deepEqual(await registry.importRegistrations(more), outcomes);
    assert.deepEqual(await registry.count(), new Map([['android', 3]]));
    assert.deepEqual(await registry.importRegistrations([]), []);
  });

  registryTest('a full batch is taken', async ({ registry }) => {
    const batch = Array.from({ length: IMPORT_BATCH }, (_, i) => ({
      ...foreign,
      node: `node ${i}`,
      device: `device ${i}`,
    }));
    assert.deepEqual(new Set(await registry.importRegistrations(batch)), new Set(['taken']));
  });

  registryTest(
    'a device that was taken over from p2 keeps node and secret when it registers with its account',
    async ({ registry }) => {
      await registry.importRegistrations([foreign]);
      const request = { ...romeo, app: 'android', convention: 'p2', device: '92afd7a91cdba9a0', token: 'new' } as const;
      const importedAs = hash;
      const { secondToken: _, ...mine } = { ...request, account: 'romeo@example.net', withSecret: true, importedAs };
      const stranger = await registry.register({ ...mine, account: 'juliet@example.net', importedAs: 'other' });
      const other = await registry.register({ ...mine, device: 'another', importedAs: 'another' });
      const again = await registry.register(mine);
      assert.notEqual(stranger.node, foreign.node);
      assert.notEqual(other.node, foreign.node);
      assert.deepEqual([again.node, again.secret, again.token], [foreign.node, foreign.secret, 'new']);
      assert.deepEqual([again.account, again.device], ['romeo@example.net', '92afd7a91cdba9a0']);
      assert.ok(!('accountHash' in again));
      assert.deepEqual(await registry.importRegistrations([foreign]), ['present']);
      assert.equal((await registry.register(mine)).node, foreign.node);
    },
  );

  registryTest('a removed node is known as removed, and the device gets it again', async ({ registry }) => {
    const { node, registeredAtMs } = await registry.register(romeo);
    assert.equal(await registry.wasRemoved(node), false);
    assert.equal(await registry.remove(node, registeredAtMs, 'gone'), true);
    assert.equal(await registry.remove(node, registeredAtMs, 'gone'), false);
    assert.equal(await registry.find(node), undefined);
    assert.equal(await registry.wasRemoved(node), true);
    assert.equal((await registry.register(romeo)).node, node);
    assert.equal((await registry.find(node))?.token, romeo.token);
    assert.equal(await registry.wasRemoved('never-known'), false);
  });

  registryTest('registering again takes the mark away, with node, secret and room for the metric', async (parts) => {
    const { registry, metrics } = parts;
    const request = { ...romeo, convention: 'p2', device: 'id', withSecret: true } as const;
    const first = await registry.register(request);
    await registry.unregister({ account: romeo.account, token: 'id' });
    assert.equal(await registry.unregister({ account: romeo.account, token: 'id' }), 0);
    assert.deepEqual(await registry.list(romeo, 10), []);
    const again = await registry.register(request);
    assert.deepEqual([again.node, again.secret], [first.node, first.secret]);
    assert.equal(await registry.wasRemoved(first.node), false);
    assert.deepEqual(await registry.count(), new Map([['siskin', 1]]));
    assert.match(await metrics.registry.metrics(), /^sealpost_registrations\{app="siskin"\} 1$/m);
  });

  registryTest('a device that was removed is not made again by any of its nodes', async ({ registry }) => {
    const { node, registeredAtMs } = await registry.register(romeo);
    await registry.remove(node, registeredAtMs, 'gone');
    const { secondToken: _, ...without } = romeo;
    for (const request of [romeo, without]) {
      const opened = { ...request, node: nodeNames().make(request).node, registeredAtMs: 0, isRestored: true } as const;
      assert.equal(await registry.readmit(opened), undefined);
    }
    assert.equal(await registry.wasRemoved(node), true);
    assert.equal((await registry.count()).size, 0);
  });

  registryTest('a registration made of its node displaces none of a full account', async ({ registry }) => {
    const nodes: string[] = [];
    for (let n = 0; n < registrationsPerAccount; n += 1) {
      nodes.push((await registry.register({ ...romeo, device: `${n}`, token: `${n}` })).node);
    }
    const lost = { ...romeo, device: 'lost', token: 'lost' };
    const opened = { ...lost, node: nodeNames().make(lost).node, registeredAtMs: 0, isRestored: true } as const;
    assert.equal(await registry.readmit(opened), 'full');
    assert.equal(await registry.find(opened.node), undefined);
    for (const node of nodes) assert.ok(await registry.find(node));
    await registry.unregister({ account: romeo.account, token: '0' });
    assert.deepEqual(await registry.readmit(opened), opened);
  });

  registryTest('a device that leaves all its apps is restored in none', async ({ registry }) => {
    const gone = await registry.register(romeo);
    const live = await registry.register({ ...romeo, app: 'snikket' });
    await registry.remove(gone.node, gone.registeredAtMs, 'gone');
    assert.equal(await registry.unregister({ account: romeo.account, token: romeo.token }), 1);
    assert.equal(await registry.restore([gone]), 0);
    for (const { node } of [gone, live]) assert.equal(await registry.find(node), undefined);
  });

  registryTest('what an account removed is bounded, the latest stay known', async ({ registry, clock }) => {
    const nodes: string[] = [];
    for (let n = 0; n < registrationsPerAccount + 60; n += 1) {
      const { node } = await registry.register({ ...romeo, device: `${n}`, token: `${n}` });
      nodes.push(node);
      await registry.unregister({ account: romeo.account, token: node });
      clock.advance(1);
    }
    await registry.register(romeo);
    const known = (await Promise.all(nodes.map((node) => registry.wasRemoved(node)))).map((is, n) => (is ? n : -1));
    const kept = known.filter((n) => n >= 0);
    assert.equal(kept.length, registrationsPerAccount);
    assert.equal(kept[0], 60);
  });

  registryTest('a foreign registration takes the place of its device’s, if that was removed', async ({ registry }) => {
    const { node } = await registry.register({ ...romeo, app: 'android', convention: 'p2', device: 'id' });
    const taken = { ...foreign, account: romeo.account, device: 'id' };
    assert.deepEqual(await registry.importRegistrations([taken]), ['device-known']);
    await registry.unregister({ account: romeo.account, token: node });
    assert.deepEqual(await registry.importRegistrations([taken, taken]), ['taken', 'present']);
    assert.equal((await registry.find(foreign.node))?.account, romeo.account);
  });

  registryTest('so is one that was unregistered', async ({ registry }) => {
    const { node } = await registry.register(romeo);
    await registry.unregister(romeo);
    assert.equal(await registry.wasRemoved(node), true);
  });

  registryTest(
    'a registration that was renewed meanwhile is not removed, even if wall time went back',
    async ({ registry, clock }) => {
      const { node, registeredAtMs } = await registry.register(romeo);
      const again = await registry.register(romeo);
      assert.equal(again.registeredAtMs, registeredAtMs + 1);
      assert.equal(await registry.remove(node, registeredAtMs, 'gone'), false);
      clock.step(-DAY_MS);
      const later = await registry.register(romeo);
      assert.equal(await registry.remove(node, again.registeredAtMs, 'gone'), false);
      assert.equal(await registry.wasRemoved(node), false);
      assert.equal(await registry.remove(node, later.registeredAtMs, 'gone'), true);
    },
  );

  registryTest('of many that remove one registration, one succeeds', async ({ registry, open }) => {
    const { node, registeredAtMs } = await registry.register(romeo);
    const other = await open();
    const removed = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? registry : other).remove(node, registeredAtMs, 'gone')),
    );
    assert.equal(removed.filter(Boolean).length, 1);
  });

  registryTest('a dead second token is dropped, a newer one stays', async ({ registry }) => {
    const { node } = await registry.register(romeo);
    await registry.dropSecondToken(node, 'another');
    assert.equal((await registry.find(node))?.secondToken, '77ab');
    await registry.dropSecondToken(node, '77ab');
    const found = await registry.find(node);
    assert.ok(found && !('secondToken' in found));
    assert.equal(found.token, 'AB12');
  });

  registryTest('the environment is remembered as long as the token stays', async ({ registry }) => {
    const { node } = await registry.register(romeo);
    await registry.rememberEnvironment(node, 'sandbox');
    assert.equal((await registry.find(node))?.environment, 'sandbox');
    assert.equal((await registry.register(romeo)).environment, 'sandbox');
    const moved = await registry.register({ ...romeo, token: 'CD34' });
    assert.deepEqual([moved.node, moved.environment], [node, undefined]);
  });

  registryTest(
    'removed registrations are kept 400 days and then forgotten, daily and at the start',
    async ({ registry: first, open, clock }) => {
      let registry = first;
      const remove = async (device: string): Promise<string> => {
        const account = `of-${device}@example.net`;
        const { node, registeredAtMs } = await registry.register({ ...romeo, account, device });
        await registry.remove(node, registeredAtMs, 'gone');
        return node;
      };
      // More than are forgotten by two statements.
      const nodes: string[] = [];
      for (let i = 0; i < 401; i++) nodes.push(await remove(`device-${i}`));
      const removedNodes = async () =>
        (await Promise.all(nodes.map((node) => registry.wasRemoved(node)))).filter(Boolean).length;
      clock.step(400 * DAY_MS);
      const young = await remove('young');
      await registry.close();
      registry = await open();
      assert.equal(await removedNodes(), nodes.length);

      clock.advance(DAY_MS);
      await eventually('all are forgotten', async () => ((await removedNodes()) === 0 ? true : undefined));
      assert.equal(await registry.wasRemoved(young), true);

      clock.step(399 * DAY_MS + 1);
      await registry.close();
      registry = await open();
      await eventually('it is forgotten', async () => ((await registry.wasRemoved(young)) ? undefined : true));
    },
  );

  registryTest('metrics count registrations and removals by app and reason', async ({ registry, open, metrics }) => {
    const { node, registeredAtMs } = await registry.register(romeo);
    await registry.register(romeo);
    await registry.register({ ...romeo, account: 'juliet@example.net' });
    const made = await metrics.registry.metrics();
    assert.match(made, /sealpost_registrations\{app="siskin"\} 2\n/);
    const ofSiskin = 'sealpost_registrations_made_total{app="siskin",convention="tigase"';
    assert.ok(made.includes(`${ofSiskin},kind="new"} 2\n`), made);
    assert.ok(made.includes(`${ofSiskin},kind="renewed"} 1\n`), made);
    await registry.remove(node, registeredAtMs, 'gone');
    await registry.remove(node, registeredAtMs + 1, 'gone');
    await registry.unregister({ account: 'juliet@example.net', token: romeo.token });
    const text = await metrics.registry.metrics();
    assert.match(text, /sealpost_registrations\{app="siskin"\} 0\n/);
    assert.match(text, /sealpost_registrations_removed_total\{app="siskin",reason="gone"\} 1\n/);
    assert.match(text, /sealpost_registrations_removed_total\{app="siskin",reason="unregistered"\} 1\n/);
    await registry.register(romeo);
    metrics.registrations.remove({ app: 'siskin' });
    await open();
    assert.match(await metrics.registry.metrics(), /sealpost_registrations\{app="siskin"\} 1\n/);
  });

  registryTest('it answers a ping while open, and rejects everything when closed', async ({ registry }) => {
    await registry.ping();
    await registry.close();
    await assert.rejects(registry.ping());
    await assert.rejects(registry.register(romeo));
  });
}

interface Parts {
  readonly registry: OpenedRegistry;
  /** The same store once more, as another process would open it. */
  readonly open: (registrations?: RegistrationLimits) => Promise<OpenedRegistry>;
  readonly clock: ReturnType<typeof manualClock>;
  readonly metrics: ReturnType<typeof createMetrics>;
}
