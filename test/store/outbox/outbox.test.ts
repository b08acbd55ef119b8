import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { QueuedPush } from '../../../src/store/outbox/contract.ts';
import { leaseNumbers, id, outboxesFor, queued, startMs } from './support.ts';

/** When leases of `startMs` end. */
const leaseEndsAtMs = startMs + 20_000;

test('outbox - a stored push is leased unchanged, by the same process and by the next', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open();
  const pushes: QueuedPush[] = [
    queued(1),
    { ...queued(2, { kind: 'voip', giveUpAtMs: startMs + 30_000 }), attempts: 7 },
    {
      ...queued(3, { kind: 'background' }),
      push: {
        ...queued(3).push,
        kind: 'background',
        content: { kind: 'summary', unreadMessages: 0, sender: 'juliet@example.net', body: 'O Romeo', nickname: 'J' },
      },
    },
    { ...queued(4), push: { ...queued(4).push, channel: 'f00', content: { kind: 'none' } } },
  ];
  for (const push of pushes) assert.equal(await first.enqueue(push, startMs), 'stored');
  const inOrder = [pushes[1], pushes[3], pushes[2], pushes[0]];
  const leased = { pushes: inOrder, nextDueAtMs: leaseEndsAtMs };
  assert.deepEqual(await first.lease('siskin', startMs, 10), leased);
  await first.close();
  const second = await open();
  assert.deepEqual(await second.lease('siskin', startMs, 10), leased);
});

test('outbox - calls are leased first, then what fell due first, and of the given app alone', async (context) => {
  const outbox = await outboxesFor(context).open();
  await outbox.enqueue(queued(1), startMs - 1);
  await outbox.enqueue(queued(2, { kind: 'voip' }), startMs);
  await outbox.enqueue(queued(3, { kind: 'background' }), startMs);
  await outbox.enqueue(queued(4, { kind: 'call-alert' }), startMs);
  await outbox.enqueue(queued(5), startMs - 2);
  await outbox.enqueue(queued(6, { app: 'android' }), startMs);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 3), [4, 2, 5]);
  assert.deepEqual(await leaseNumbers(outbox), [3, 1]);
  assert.deepEqual(await leaseNumbers(outbox), []);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 10, 'android'), [6]);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 10, 'unknown'), []);
});

test('outbox - a lease says when the next push is due, at once if the limit kept some back', async (context) => {
  const outbox = await outboxesFor(context).open();
  await outbox.enqueue(queued(1), startMs + 5_000);
  await outbox.enqueue(queued(2), startMs + 3_000);
  await outbox.enqueue(queued(3), startMs);
  await outbox.enqueue(queued(4), startMs);
  assert.equal((await outbox.lease('siskin', startMs, 1)).nextDueAtMs, startMs);
  assert.equal((await outbox.lease('siskin', startMs, 1)).nextDueAtMs, startMs + 3_000);
  assert.deepEqual(await outbox.lease('siskin', startMs + 2_999, 1), { pushes: [], nextDueAtMs: startMs + 3_000 });
  assert.deepEqual(await leaseNumbers(outbox, startMs + 5_000), [2, 1]);
  assert.deepEqual(await outbox.lease('siskin', startMs + 5_000, 1), { pushes: [], nextDueAtMs: leaseEndsAtMs });
});

test('outbox - two leases at the same time share what is due', async (context) => {
  const outbox = await outboxesFor(context).open();
  for (const n of [1, 2, 3, 4]) await outbox.enqueue(queued(n), startMs);
  const leases = await Promise.all([leaseNumbers(outbox, startMs, 3), leaseNumbers(outbox, startMs, 3)]);
  assert.deepEqual(leases, [[3, 2, 1], [4]]);
});

test('outbox - a leased push is not leased again until it is rescheduled and due, a completed one never', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open();
  await first.enqueue(queued(1), startMs);
  await first.enqueue(queued(2), startMs);
  await first.enqueue(queued(3), startMs);
  assert.deepEqual(await leaseNumbers(first), [3, 2, 1]);
  first.complete(id(1));
  first.reschedule(id(2), startMs + 1_000, 2);
  assert.deepEqual(await leaseNumbers(first, startMs + 999), []);
  const { pushes, nextDueAtMs } = await first.lease('siskin', startMs + 1_000, 10);
  assert.deepEqual(
    pushes.map(({ push, attempts }) => [push.id, attempts]),
    [[id(2), 2]],
  );
  assert.equal(nextDueAtMs, leaseEndsAtMs);
  await first.close();
  assert.deepEqual(await leaseNumbers(await open(), startMs + 1_000), [3, 2]);
});

test('outbox - the same id twice is one entry, and the first one stays', async (context) => {
  const outbox = await outboxesFor(context).open();
  await outbox.enqueue(queued(1), startMs);
  const again = { ...queued(1, { ciphertext: 'YW5vdGhlcg==' }), attempts: 9 };
  assert.deepEqual(await Promise.all([outbox.enqueue(again, startMs), outbox.enqueue(again, startMs)]), [
    'stored',
    'stored',
  ]);
  assert.deepEqual((await outbox.lease('siskin', startMs, 10)).pushes, [queued(1)]);
});

test('outbox - the queued pushes of a removed registration are removed', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const outbox = await open();
  for (const n of [1, 2]) await outbox.enqueue(queued(n, { node: 'removed' }), startMs);
  await outbox.enqueue(queued(3, { node: 'other' }), startMs);
  outbox.removeNode('removed');
  assert.deepEqual(await leaseNumbers(outbox), [3]);
  assert.deepEqual(await dropped(), { 'siskin outbox-removed': 2 });
});

test('outbox - no push is leased from the millisecond of its expiry on, and expiring removes it', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const outbox = await open();
  await outbox.enqueue(queued(1, { kind: 'voip', giveUpAtMs: startMs + 30_000 }), startMs);
  await outbox.enqueue(queued(2, { giveUpAtMs: startMs + 30_001 }), startMs);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 30_000), [2]);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 30_000), []);
  assert.equal(await outbox.expire(startMs + 29_999), 0);
  assert.equal(await outbox.expire(startMs + 30_000), 1);
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 1);
  assert.deepEqual(await dropped(), { 'siskin outbox-expired': 1 });
});

test('outbox - one call expires more pushes than fit into one transaction', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const outbox = await open();
  const numbers = Array.from({ length: 2_345 }, (_, n) => n);
  await Promise.all(numbers.map((n) => outbox.enqueue(queued(n, { giveUpAtMs: startMs + 1 }), startMs)));
  assert.equal(await outbox.expire(startMs + 1), 2_345);
  assert.deepEqual(await dropped(), { 'siskin outbox-expired': 2_345 });
  assert.equal((await outbox.stats())?.size, 0);
});

test('outbox - stats tell depth, bytes and the age of what arrived first by app, in this process and in the next', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open();
  await first.enqueue({ ...queued(1), storedAtMs: startMs + 5 }, startMs);
  await first.enqueue({ ...queued(2, { kind: 'voip' }), storedAtMs: startMs + 3 }, startMs);
  await first.enqueue(
    { ...queued(3, { app: 'android', ciphertext: 'A'.repeat(1_000) }), storedAtMs: startMs },
    startMs,
  );
  await first.enqueue(queued(4), startMs);
  await leaseNumbers(first, startMs, 1);
  first.complete(id(4));
  const stats = await first.stats();
  const [siskin, android] = [stats?.get('siskin'), stats?.get('android')];
  assert.deepEqual([siskin?.depth, siskin?.oldestStoredAtMs], [2, startMs + 5]);
  assert.deepEqual([android?.depth, android?.oldestStoredAtMs], [1, startMs]);
  assert.ok((android?.bytes ?? 0) > 1_000 && (android?.bytes ?? 0) < 3_000);
  await first.close();
  assert.deepEqual(await (await open()).stats(), stats);
});

test('outbox - due times are at most the longest pause away', async (context) => {
  const { open } = outboxesFor(context);
  const outbox = await open();
  await outbox.enqueue(queued(1), startMs + 86_400_000);
  assert.equal((await outbox.lease('siskin', startMs, 1)).nextDueAtMs, startMs + 3_600_000);
  await outbox.enqueue(queued(2), startMs);
  assert.deepEqual(await leaseNumbers(outbox), [2]);
  outbox.reschedule(id(2), startMs + 86_400_000, 2);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 3_599_999), []);
  assert.deepEqual(await leaseNumbers(outbox, startMs + 3_600_000), [2, 1]);
});

test('outbox - after a restart with the clock set back waiting pushes are due at once', async (context) => {
  const { open, clock } = outboxesFor(context);
  const aheadMs = startMs + 600_000;
  clock.step(600_000);
  const first = await open();
  await first.enqueue({ ...queued(1), storedAtMs: aheadMs }, aheadMs + 2_000);
  assert.deepEqual(await leaseNumbers(first, startMs), []);
  await first.close();
  clock.step(-600_000);
  assert.deepEqual(await leaseNumbers(await open(), startMs), [1]);
});

test('outbox - only its owner may read the file', async (context) => {
  const { open, path } = outboxesFor(context);
  const outbox = await open();
  await outbox.enqueue(queued(1), startMs);
  assert.deepEqual(
    [path, `${path}-wal`].map((file) => (statSync(file).mode & 0o777).toString(8)),
    ['600', '600'],
  );
});

test('outbox - a push with an invalid time is refused alone, not with those of its batch', async (context) => {
  const outbox = await outboxesFor(context).open();
  const puts = [
    outbox.enqueue(queued(1), startMs),
    outbox.enqueue(queued(2), NaN),
    outbox.enqueue(queued(3, { giveUpAtMs: Infinity }), startMs),
    outbox.enqueue({ ...queued(4), attempts: 0.5 }, startMs),
    outbox.enqueue(queued(5), Infinity),
  ];
  assert.deepEqual(await Promise.all(puts), ['stored', 'failed', 'failed', 'failed', 'stored']);
});

test('outbox - closing waits for enqueued pushes, and stores nothing afterwards', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open();
  const puts = [1, 2, 3].map((n) => first.enqueue(queued(n), startMs));
  await Promise.all([first.close(), first.close()]);
  assert.deepEqual(await Promise.all(puts), ['stored', 'stored', 'stored']);
  assert.equal(await first.enqueue(queued(4), startMs), 'failed');
  assert.deepEqual((await first.lease('siskin', startMs, 1)).pushes, []);
  assert.deepEqual(await leaseNumbers(await open()), [3, 2, 1]);
});

test('outbox - a row that holds the push of another id is thrown out', async (context) => {
  const { open, path, dropped } = outboxesFor(context);
  const first = await open();
  for (const n of [1, 2]) await first.enqueue(queued(n), startMs);
  await first.close();
  const database = new DatabaseSync(path);
  database
    .prepare('UPDATE queued_push SET push = (SELECT push FROM queued_push WHERE id = ?) WHERE id = ?')
    .run(id(2), id(1));
  database.close();
  assert.deepEqual(await leaseNumbers(await open()), [2]);
  assert.deepEqual(await dropped(), { 'siskin outbox-unreadable': 1 });
});
