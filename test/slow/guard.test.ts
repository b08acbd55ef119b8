import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { defaults, type Sealpost, startSealpost, startWorld, type World } from '../support/sealpost.ts';

// Mistakes of an operator. Each time servers keep publishing, and must not be told that anything is gone.

const admin = { token: 'admin-token-of-the-test' };
const tokenOf = (i: number) => i.toString(16).padStart(8, '0').repeat(8);

interface Site {
  readonly world: World;
  readonly sealpost: Sealpost;
  /** Ends the server, runs `fault` and starts it with these parts of the config. */
  restart(over?: object, fault?: () => Promise<void>): Promise<void>;
  /** Registers devices of accounts of their own. */
  register(from: number, to: number): Promise<string[]>;
  /** Publishes to every node once, with this many unanswered at a time; returns the number of each answer. */
  publish(nodes: readonly string[], window?: number): Promise<Record<string, number>>;
  guard(...words: string[]): Promise<{ code: number; text: string }>;
  /** The check of the guard in `/readyz`. */
  health(): Promise<{ status: number; guard: { status: string; reason?: string } }>;
}

async function start(t: TestContext): Promise<Site> {
  const world = await startWorld({ admin });
  let sealpost = world.sealpost;
  let blasts = 0;
  t.after(async () => {
    await sealpost.stop();
    await world.stop();
  });
  return {
    world,
    get sealpost() {
      return sealpost;
    },
    async restart(over = {}, fault = () => Promise.resolve()) {
      await sealpost.stop();
      await fault();
      sealpost = await startSealpost(world.folder, {
        xmpp: [{ service: world.acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
        ...defaults(world.folder),
        apps: world.apps,
        admin,
        ...over,
      });
      await world.acceptor.whenConnected('push.localhost', 10_000);
    },
    async register(from, to) {
      const nodes: string[] = [];
      for (let i = from; i < to; i += 50) {
        const batch = Array.from({ length: Math.min(50, to - i) }, (_, j) => i + j);
        const registered = await Promise.all(
          batch.map((n) =>
            world.register({ account: `user${n}@localhost`, provider: 'tigase:messenger:apns:1', token: tokenOf(n) }),
          ),
        );
        nodes.push(...registered);
      }
      return nodes;
    },
    async publish(nodes, window = 20) {
      blasts += 1;
      const report = await blast({
        acceptor: world.acceptor,
        connection: await world.acceptor.whenConnected('push.localhost', 5_000),
        clock: systemClock,
        count: nodes.length,
        window,
        idPrefix: `blast${blasts}`,
        write: (i, id) =>
          `<iq type='set' from='localhost' to='push.localhost' id='${id}'>` +
          `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${nodes[i]}'><item>` +
          `<notification xmlns='urn:xmpp:push:0'><priority xmlns='tigase:push:priority:0'>high</priority></notification>` +
          `</item></publish></pubsub></iq>`,
      });
      assert.equal(report.unanswered, 0);
      return Object.fromEntries(report.answers);
    },
    guard: (...words) =>
      new Promise((resolve) => {
        const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
        const config = ['--config', join(world.folder, 'sealpost.yaml'), '--url', sealpost.opsUrl];
        execFile(process.execPath, [main, 'guard', ...words, ...config], (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr });
        });
      }),
    async health() {
      const response = await fetch(`${sealpost.opsUrl}/readyz`);
      const { checks } = (await response.json()) as {
        checks: Record<string, { status: string; reason?: string }>;
      };
      return { status: response.status, guard: checks['guard'] ?? { status: 'missing' } };
    },
  };
}

test('guard - an empty store in front of 1,000 known nodes loses none: each gets pushes at once, over a restart too', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 1_000);
  const empty = { store: `sqlite:${join(site.world.folder, 'empty.db')}` };
  for (const _ of ['after the loss', 'after a restart']) {
    await site.restart(empty);
    assert.deepEqual(await site.publish(nodes), { result: 1_000 });
    assert.equal((await site.health()).guard.status, 'pass');
  }
});

test('guard - an empty volume, with neither store nor node key, costs none: servers keep all until the right one is back', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 100);
  await site.restart({ store: `sqlite:${join(site.world.folder, 'volume', 'sealpost.db')}` });
  assert.deepEqual(await site.publish(nodes), { 'wait/internal-server-error': 100 });
  assert.deepEqual(await site.publish(['x'.repeat(32)]), { 'cancel/item-not-found': 1 });
  await site.restart();
  assert.deepEqual(await site.publish(nodes), { result: 100 });
});

for (const [way, window] of [
  ['one after the other', 20],
  ['in one burst, as after a time without connection', 300],
] as const) {
  test(`guard - a copy of the store from before the last third loses none of either part: ${way}`, async (t) => {
    const site = await start(t);
    const store = join(site.world.folder, 'sealpost.db');
    const copy = join(site.world.folder, 'copy.db');
    const early = await site.register(0, 200);
    await site.restart({}, () => copyFile(store, copy));
    const late = await site.register(200, 300);
    const all = early.flatMap((node, i) => (i % 2 === 0 ? [node, late[i / 2] ?? ''] : [node]));
    await site.restart({ store: `sqlite:${copy}` });
    assert.deepEqual(await site.publish(all, window), { result: 300 });
    assert.equal((await site.health()).guard.status, 'pass');
  });
}

test('guard - with the topic of another app no registration is lost', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 100);
  const apps = {
    ...site.world.apps,
    siskin: { ...(site.world.apps as { siskin: object }).siskin, topic: 'org.example.other' },
  };
  await site.restart({ apps });
  assert.deepEqual(await site.publish(nodes), { 'wait/internal-server-error': 100 });
  // The answer of Apple if the key may push to that topic too.
  site.world.apns.script('*', { status: 400, reason: 'DeviceTokenNotForTopic' });
  assert.deepEqual(await site.publish(nodes), { 'wait/internal-server-error': 100 });
  site.world.apns.script('*', undefined);

  await site.restart();
  assert.deepEqual(await site.publish(nodes), { result: 100 });
});

test('guard - all tokens of the other environment but a few: none is lost, and after the release everything works', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 300);
  site.world.apns.script('*', { status: 400, reason: 'BadDeviceToken' });
  // Devices of developers, whose accepted pushes make the provider's results believed.
  for (const i of [0, 60, 120, 180]) site.world.apns.script(tokenOf(i), { status: 200 });
  assert.deepEqual(await site.publish(nodes), { result: 4, 'wait/internal-server-error': 296 });
  const { guard } = await site.health();
  assert.equal(guard.status, 'fail');
  assert.match(guard.reason ?? '', /the provider of siskin calls \d+ of the latest \d+ device tokens dead/);

  site.world.apns.script('*', undefined);
  const released = await site.guard('release');
  assert.equal(released.code, 0);
  assert.match(released.text, /^Released 1 hold\. The guard watches as after a start\.\nWatching/);
  assert.equal((await site.health()).guard.status, 'pass');
  assert.deepEqual(await site.publish(nodes), { result: 300 });
});

test('guard - released while the fault persists, it holds again; released with removals accepted, servers are told', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 200);
  site.world.apns.script('*', { status: 410, reason: 'Unregistered' });
  await site.publish(nodes);
  assert.equal((await site.health()).guard.status, 'fail');
  const told = await site.guard('status');
  assert.equal(told.code, 1);
  assert.match(told.text, /^HOLDING since 20.*\n.*\n {2}What to do: are topic, environment, key and project/);
  await site.guard('release');
  assert.deepEqual(await site.publish(nodes), { 'wait/internal-server-error': 200 });
  assert.equal((await site.health()).guard.status, 'fail');

  assert.equal((await site.guard('release', '--accept-removals')).code, 0);
  assert.deepEqual(await site.publish(nodes), { 'cancel/item-not-found': 200 });
});

test('guard - which devices took a push is in the store when the server ends, and outlives it', async (t) => {
  const site = await start(t);
  const nodes = await site.register(0, 3);
  site.world.apns.script(tokenOf(2), { status: 503, reason: 'ServiceUnavailable' });
  await site.publish(nodes);
  await site.restart();
  const database = new DatabaseSync(join(site.world.folder, 'sealpost.db'), { readOnly: true });
  t.after(() => database.close());
  const accepted = database
    .prepare('SELECT node FROM registration WHERE accepted_at_ms IS NOT NULL ORDER BY token')
    .all();
  assert.deepEqual(
    accepted.map(({ node }) => node),
    nodes.slice(0, 2),
  );
});

test('guard - the command says what is wrong with its arguments, and how to reach the server', async (t) => {
  const site = await start(t);
  assert.equal((await site.guard('open')).code, 2);
  assert.equal((await site.guard('status', '--accept-removals')).code, 2);
  assert.equal((await site.guard('status', '--nonsense')).code, 2);
  await site.sealpost.stop();
  const { code, text } = await site.guard('status');
  assert.equal(code, 1);
  assert.match(text, /No answer from http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
});
