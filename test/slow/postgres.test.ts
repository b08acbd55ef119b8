import assert from 'node:assert/strict';
import { after, describe, test, type TestContext } from 'node:test';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { store as storeCommand } from '../../src/commands/store.ts';
import { createSecret } from '../../src/core/secret.ts';
import type { Store } from '../../src/store/open.ts';
import { openPostgres } from '../../src/store/postgres/open.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { manualClock } from '../support/clock.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';
import { eventually, freePort } from '../support/process.ts';
import { openTestStore, postgresSettings } from '../support/store.ts';
import { recordedLog } from '../support/telemetry.ts';
import { undoingInPostgres } from '../store/registry/undo-short-keys.ts';
import { id, leaseNumbers, queued, startMs } from '../store/outbox/support.ts';

const skip = missingPostgres();
const server = skip ? undefined : await startPostgres();
after(() => server?.remove());

/** A database, and processes that use it: each has a clock of its own at the same time. */
async function processes(t: TestContext) {
  const url = (await server?.createDatabase()) ?? '';
  const opened: Store[] = [];
  t.after(() => Promise.all(opened.map((store) => store.close())));
  const open = async (clock = manualClock(startMs)) => {
    const { log, lines } = recordedLog();
    const metrics = createMetrics('test');
    const store = await openTestStore({ store: { kind: 'postgres', url: createSecret(url) }, clock, log, metrics });
    opened.push(store);
    return { ...store, clock, metrics, lines };
  };
  return { url, open };
}

const phone = {
  app: 'siskin',
  convention: 'tigase',
  account: 'romeo@example.net',
  device: 'ab',
  token: 'ab',
  withSecret: false,
};

const opening = (url: string, withinMs = 0) =>
  openPostgres({
    url: createSecret(url),
    settings: postgresSettings,
    clock: systemClock,
    random: Math.random,
    withinMs,
  });

describe('postgres', { skip }, () => {
  test('a store of before short keys is brought up to date, and finds all that it has', async (t) => {
    const { url, open } = await processes(t);
    const before = await open();
    const made = [
      phone,
      { ...phone, convention: 'p2', account: 'Juliet@Example.net', device: 'an id', withSecret: true },
    ];
    const [romeo, juliet] = await Promise.all(made.map((one) => before.registry.register(one)));
    assert.ok(romeo && juliet && (await before.registry.remove(romeo.node, romeo.registeredAtMs, 'gone')));
    await before.close();
    await server?.query(undoingInPostgres(), url.split('/').at(-1));

    const { registry } = await open();
    assert.equal(await registry.wasRemoved(romeo.node), true);
    assert.equal(await registry.restore([romeo]), 1);
    for (const known of [romeo, juliet]) assert.deepEqual(await registry.find(known.node), known);
    assert.equal(
      (await registry.register({ ...made[1], account: 'juliet@example.net' } as typeof phone)).node,
      juliet.node,
    );
    assert.equal(await registry.unregister({ account: 'juliet@example.net', token: 'AN ID' }), 1);
    const counted = 'SELECT domain, registrations FROM registration_count';
    assert.deepEqual(await server?.query(counted, url.split('/').at(-1)), [
      { domain: 'example.net', registrations: '1' },
    ]);
  });

  test('several processes that start at once make the tables once, and share what they store', async (t) => {
    const { open } = await processes(t);
    const [one, two, three] = await Promise.all([open(), open(), open()]);
    const { node } = await one.registry.register(phone);
    assert.equal((await two.registry.find(node))?.token, 'ab');
    assert.equal((await three.registry.register(phone)).node, node);
    assert.deepEqual([...(await two.registry.count())], [['siskin', 1]]);
  });

  test('two processes lease no push twice, and together all', async (t) => {
    const { open } = await processes(t);
    const [one, two] = [await open(), await open()];
    const numbers = Array.from({ length: 60 }, (_, n) => n + 1);
    await Promise.all(
      numbers.map((n) => (n % 2 ? one : two).outbox.enqueue(queued(n, { domain: `d${n % 5}.example` }), startMs)),
    );
    const leased: number[] = [];
    await eventually('all are leased', async () => {
      const leases = await Promise.all([one, two].map(({ outbox }) => leaseNumbers(outbox, startMs, 7)));
      leased.push(...leases.flat());
      return leased.length >= 60 ? true : undefined;
    });
    assert.deepEqual(
      leased.toSorted((a, b) => a - b),
      numbers,
    );
  });

  test('what a process leased when it died is leased by another one when the lease ends', async (t) => {
    const { open } = await processes(t);
    const [dead, alive] = [await open(), await open()];
    await dead.outbox.enqueue(queued(1), startMs);
    assert.deepEqual(await leaseNumbers(dead.outbox), [1]);
    assert.deepEqual((await alive.outbox.lease('siskin', startMs + 19_999, 1)).pushes, []);
    assert.deepEqual(await leaseNumbers(alive.outbox, startMs + 20_000), [1]);
    // It was only suspended, and goes on.
    dead.outbox.complete(id(1));
    await dead.outbox.stats();
    assert.deepEqual(await leaseNumbers(alive.outbox, startMs + 60_000), []);
  });

  test('what a process left leased displaces nothing that was never leased', async (t) => {
    const { url, open } = await processes(t);
    const [dead, alive] = [await open(), await open()];
    for (let n = 1; n <= 20; n += 1) await dead.outbox.enqueue(queued(n, { node: 'busy' }), startMs);
    assert.equal((await leaseNumbers(dead.outbox, startMs, 20)).length, 20);
    assert.equal((await leaseNumbers(alive.outbox, startMs + 20_000, 20)).length, 20);
    for (let n = 21; n <= 40; n += 1) await alive.outbox.enqueue(queued(n, { node: 'busy' }), startMs + 20_000);
    assert.equal((await leaseNumbers(alive.outbox, startMs + 20_000, 40)).length, 20);
    const [{ count } = {}] =
      (await server?.query('SELECT count(*)::int FROM queued_push', url.split('/').at(-1))) ?? [];
    assert.equal(count, 40);
  });

  test('a node that is too long for an index costs its own push alone', async (t) => {
    const { open } = await processes(t);
    const { outbox } = await open();
    const long = randomBytes(3_000).toString('hex');
    const puts = Array.from({ length: 40 }, (_, n) =>
      outbox.enqueue(queued(n, n === 7 ? { node: long } : {}), startMs),
    );
    const answers = await Promise.all(puts);
    assert.deepEqual(
      answers.flatMap((answer, n) => (answer === 'stored' ? [] : [n])),
      [7],
    );
    assert.equal((await outbox.stats())?.get('siskin')?.depth, 39);
  });

  test('a database server that goes down and comes back loses nothing, and is used again without a restart', async (t) => {
    const { open } = await processes(t);
    const { registry, outbox, clock } = await open();
    const { node } = await registry.register(phone);
    assert.equal(await outbox.enqueue(queued(1), startMs), 'stored');
    await server?.stop('immediate');
    await assert.rejects(registry.find(node));
    assert.equal(await outbox.enqueue(queued(2), startMs), 'failed');
    assert.equal(outbox.state.kind, 'failing');
    assert.deepEqual((await outbox.lease('siskin', startMs, 1)).nextDueAtMs, startMs + 1_000);
    await server?.start();
    await eventually('it is used again', () => {
      // Past the pause between two attempts to connect.
      clock.advance(1_000);
      return registry.find(node).catch(() => undefined);
    });
    await eventually('it stores', async () =>
      (await outbox.enqueue(queued(3), startMs)) === 'stored' ? true : undefined,
    );
    assert.deepEqual(outbox.state, { kind: 'working' });
    const found = (await leaseNumbers(outbox)).filter((n) => n !== 2);
    assert.deepEqual(found, [3, 1]);
  });

  test('a fault of the server is told with the way out, and ends by itself', async (t) => {
    const { open } = await processes(t);
    const { registry, clock, metrics, lines } = await open();
    await server?.stop('immediate');
    // The first statements after the end may meet a connection that still says what happened.
    await eventually('the fault is noticed', () => {
      clock.advance(5_000);
      return registry.fault?.reason === 'refused' ? true : undefined;
    });
    assert.match(registry.fault?.hint ?? '', /Is PostgreSQL running/);
    assert.equal((await metrics.storeUp.get()).values[0]?.value, 0);
    assert.ok(lines.some((line) => line.includes('"reason":"refused"')));
    await server?.start();
    await eventually('it is over', () => {
      clock.advance(5_000);
      return registry.fault ? undefined : true;
    });
  });

  test('a server that is not there is an error with the way out, after a time', async () => {
    const url = `postgres://sealpost:hunter2@127.0.0.1:${await freePort()}/sealpost`;
    await assert.rejects(opening(url), (error: Error) => {
      assert.match(error.message, /^cannot use the PostgreSQL store \(refused\)\n {4}Is PostgreSQL running/);
      return !error.message.includes('hunter2');
    });
  });

  test('a server that comes within the time is waited for', async () => {
    const late = await startPostgres();
    try {
      const url = await late.createDatabase();
      await late.stop();
      const opened = opening(url, 30_000);
      await late.start();
      await (await opened).destroy();
    } finally {
      await late.remove();
    }
  });

  test('a database that does not exist, a standby and a newer version are refused in words', async (t) => {
    const { url, open } = await processes(t);
    await assert.rejects(
      opening(url.replace(/test_\d+$/, 'nowhere')),
      /\(no-database\)\n {4}Make the database: createdb/,
    );
    await (await open()).close();
    const database = url.split('/').at(-1) ?? '';
    await server?.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    await assert.rejects(opening(url), /read-only\n {4}store: leads to a standby/);
    await server?.query(`ALTER DATABASE ${database} SET default_transaction_read_only = off`);
    await server?.query("INSERT INTO kysely_migration VALUES ('9999-later', '2027')", database);
    await assert.rejects(opening(url), /written by a newer Sealpost \(it has 9999-later\)/);
  });

  test('a server without TLS is refused where TLS is due', async (t) => {
    const { url } = await processes(t);
    await assert.rejects(opening(`${url}?sslmode=require`), /\(no-tls\)\n {4}The server speaks no TLS/);
  });

  test('a store is copied from SQLite to PostgreSQL and back', async (t) => {
    const { url } = await processes(t);
    const folder = mkdtempSync(join(tmpdir(), 'sealpost-copy-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const at = (name: string) => ({ kind: 'sqlite', path: join(folder, name) }) as const;
    const parts = { clock: manualClock(startMs), log: recordedLog().log };
    const source = await openTestStore({ store: at('a.db'), ...parts });
    const made = await Promise.all(
      Array.from({ length: 700 }, (_, n) => source.registry.register({ ...phone, account: `u${n}@example.net` })),
    );
    await source.outbox.enqueue(queued(1), startMs);
    await source.close();
    const copy = async (...args: string[]) => {
      let said = '';
      const output = { write: (text: string) => (said += text) };
      const call = { args: ['copy', ...args], env: {}, output, errors: output, clock: systemClock };
      return [await storeCommand(call), said];
    };
    const all = [0, 'registrations: 700\nqueued pushes: 1\n'];
    assert.deepEqual(await copy('--from', `sqlite:${at('a.db').path}`, '--to', url), all);
    assert.deepEqual(await copy('--from', url, '--to', `sqlite:${at('b.db').path}`), all);
    const back = await openTestStore({ store: at('b.db'), ...parts });
    for (const one of [made[0], made[699]]) assert.deepEqual(await back.registry.find(one?.node ?? ''), one);
    assert.deepEqual(await leaseNumbers(back.outbox), [1]);
    await back.close();
  });
});
