import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseNumbers, id, outboxesFor, queued, startMs } from './support.ts';

test('outbox limits - the newest pushes of a registration stay and the oldest are dropped', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const outbox = await open({ limits: { perRegistration: 3 } });
  for (const n of [1, 2, 3, 4, 5]) await outbox.enqueue(queued(n, { node: 'busy' }), startMs);
  await outbox.enqueue(queued(6, { node: 'other' }), startMs);
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 4);
  assert.deepEqual(await leaseNumbers(outbox), [6, 5, 4, 3]);
  assert.deepEqual(await dropped(), { 'siskin outbox-replaced': 2 });
});

test('outbox limits - twenty pushes of a registration stay by default', async (context) => {
  const outbox = await outboxesFor(context).open();
  await Promise.all(Array.from({ length: 25 }, (_, n) => outbox.enqueue(queued(n + 1, { node: 'busy' }), startMs)));
  const expected = Array.from({ length: 20 }, (_, n) => 25 - n);
  assert.deepEqual(await leaseNumbers(outbox), expected);
});

test('outbox limits - the newest push is the one stored last, whatever the clock says', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { perRegistration: 2 } });
  for (const n of [1, 2, 3]) await outbox.enqueue({ ...queued(n, { node: 'busy' }), storedAtMs: startMs - n }, startMs);
  assert.deepEqual(await leaseNumbers(outbox), [3, 2]);
});

test('outbox limits - full by number it refuses, except for a push that replaces one of its registration', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { pushes: 3, perRegistration: 2, ofOneDomain: 1 } });
  const put = (n: number, node: string) => outbox.enqueue(queued(n, { node }), startMs);
  assert.deepEqual(await Promise.all([put(1, 'a'), put(2, 'a'), put(3, 'b'), put(4, 'c')]), [
    'stored',
    'stored',
    'stored',
    'full',
  ]);
  assert.equal(await put(5, 'a'), 'stored');
  assert.equal(await put(1, 'a'), 'stored');
  assert.equal(await put(6, 'b'), 'full');
  assert.deepEqual(await leaseNumbers(outbox), [1, 5, 3]);
  outbox.complete(id(3));
  await outbox.stats();
  assert.equal(await put(6, 'b'), 'stored');
});

test('outbox limits - full by bytes it refuses a push that is too long and stores one that still fits', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { bytes: 5_000, ofOneApp: 1, perRegistration: 2 } });
  const put = (n: number, length: number, node = `node-${n}`) =>
    outbox.enqueue(queued(n, { node, ciphertext: 'A'.repeat(length) }), startMs);
  assert.equal(await put(1, 2_000), 'stored');
  assert.equal(await put(2, 2_000), 'full');
  assert.equal(await put(3, 100), 'stored');
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 2);
  assert.equal(await put(4, 2_000), 'full');
  assert.deepEqual(await leaseNumbers(outbox), [3, 1]);
});

test('outbox limits - the pushes of one app leave room for others, by number and by bytes', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open({ limits: { pushes: 4, ofOneApp: 0.5, ofOneDomain: 1 } });
  const put = (n: number, app: string) => first.enqueue(queued(n, { app }), startMs);
  assert.deepEqual(await Promise.all([put(1, 'siskin'), put(2, 'siskin'), put(3, 'siskin')]), [
    'stored',
    'stored',
    'full',
  ]);
  assert.deepEqual(await Promise.all([put(4, 'android'), put(5, 'android')]), ['stored', 'stored']);
  assert.equal(await put(6, 'stork'), 'full');
  const { bytes = 0 } = (await first.stats())?.get('siskin') ?? {};
  await first.close();
  const second = await open({ limits: { bytes: 4 * bytes, ofOneApp: 0.5 } });
  const long = 'A'.repeat(bytes / 2);
  assert.equal(await second.enqueue(queued(7, { ciphertext: long }), startMs), 'stored');
  assert.equal(await second.enqueue(queued(8, { ciphertext: long }), startMs), 'full');
  assert.equal(await second.enqueue(queued(9, { app: 'stork', ciphertext: long }), startMs), 'stored');
});

test('outbox limits - lowered limits refuse only pushes that would make the outbox grow', async (context) => {
  const { open } = outboxesFor(context);
  const first = await open();
  for (const n of [1, 2, 3]) await first.enqueue(queued(n, { node: 'a' }), startMs);
  await first.close();
  const second = await open({ limits: { pushes: 1, bytes: 1_000, perRegistration: 3 } });
  assert.equal(await second.enqueue(queued(4, { node: 'b' }), startMs), 'full');
  assert.equal(await second.enqueue(queued(5, { node: 'a' }), startMs), 'stored');
  assert.deepEqual(await leaseNumbers(second), [5, 3, 2]);
});

test('outbox limits - beyond the queue of the thread a push is refused at once', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { waiting: 10 } });
  const puts = Array.from({ length: 15 }, (_, n) => outbox.enqueue(queued(n), startMs));
  const answers = await Promise.all(puts);
  assert.deepEqual(answers, [...Array<string>(10).fill('stored'), ...Array<string>(5).fill('full')]);
});

test('outbox limits - completions pass a queue that is full for new pushes', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { waiting: 3, leased: 3 } });
  await outbox.enqueue(queued(1), startMs);
  await leaseNumbers(outbox);
  const puts = [2, 3, 4, 5].map((n) => outbox.enqueue(queued(n), startMs));
  outbox.complete(id(1));
  assert.deepEqual(await Promise.all(puts), ['stored', 'stored', 'stored', 'full']);
  assert.deepEqual(await leaseNumbers(outbox), [4, 3, 2]);
});

test('outbox limits - beyond the limit of leases a lease is empty and is due later', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { leased: 2 } });
  for (const n of [1, 2, 3]) await outbox.enqueue(queued(n), startMs);
  const { pushes, nextDueAtMs } = await outbox.lease('siskin', startMs, 10);
  assert.deepEqual([pushes.length, nextDueAtMs], [2, startMs + 1_000]);
  assert.deepEqual(await outbox.lease('siskin', startMs, 10), { pushes: [], nextDueAtMs: startMs + 1_000 });
  outbox.complete(id(1));
  assert.deepEqual(await leaseNumbers(outbox, startMs), [3]);
});

test('outbox limits - a push that is not committed in time counts as failed', async (context) => {
  const { open, clock } = outboxesFor(context);
  const outbox = await open({ timing: { enqueueWithinMs: 1_000 } });
  const timers = clock.waiting;
  const put = outbox.enqueue(queued(1), startMs);
  clock.advance(1_000);
  assert.equal(await put, 'failed');
  assert.equal(clock.waiting, timers);
  assert.deepEqual(await leaseNumbers(outbox), []);
});

test('outbox limits - five seconds unless said otherwise', async (context) => {
  const { open, clock } = outboxesFor(context);
  const outbox = await open();
  let answer: string | undefined;
  const put = outbox.enqueue(queued(1), startMs).then((answered) => (answer = answered));
  clock.advance(4_999);
  await Promise.resolve();
  assert.equal(answer, undefined);
  clock.advance(1);
  assert.equal(await put, 'failed');
});

test('outbox limits - the pushes of one publisher leave room for others, half of it by default', async (context) => {
  const outbox = await outboxesFor(context).open({ limits: { pushes: 4 } });
  const put = (n: number, domain: string) => outbox.enqueue(queued(n, { domain }), startMs);
  const flood = 'flood.example';
  assert.deepEqual(await Promise.all([put(1, flood), put(2, flood), put(3, flood)]), ['stored', 'stored', 'full']);
  assert.deepEqual(await Promise.all([put(4, 'example.net'), put(5, 'example.org')]), ['stored', 'stored']);
  await leaseNumbers(outbox, startMs, 1);
  outbox.complete(id(1));
  assert.equal((await outbox.stats())?.get('siskin')?.depth, 3);
  assert.equal(await put(6, flood), 'stored');
});
