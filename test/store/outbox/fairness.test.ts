import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseNumbers, outboxesFor, queued, startMs } from './support.ts';

test('outbox fairness - a domain with a thousand due pushes leaves others their turn', async (context) => {
  const outbox = await outboxesFor(context).open();
  const flood = Array.from({ length: 1_000 }, (_, n) => queued(n, { domain: 'flood.example' }));
  await Promise.all(flood.map((push) => outbox.enqueue(push, startMs - 1_000)));
  for (const n of [2_001, 2_002, 2_003]) await outbox.enqueue(queued(n, { domain: `${n}.example` }), startMs);
  const leased = await leaseNumbers(outbox, startMs, 20);
  assert.deepEqual(leased.slice(0, 3), [2_003, 2_002, 2_001]);
  assert.ok(leased.length >= 8, `${leased.length} leased`);
});

test('outbox fairness - more domains than a lease takes have their turns one after the other, and then again', async (context) => {
  const outbox = await outboxesFor(context).open();
  for (const round of [0, 1]) {
    for (let n = 0; n < 7; n += 1)
      await outbox.enqueue(queued(round * 7 + n, { domain: `d${n}.example` }), startMs + round);
  }
  const domainsOf = async () =>
    (await outbox.lease('siskin', startMs + 1, 3)).pushes
      .map(({ domain }) => Number(domain.slice(1, 2)))
      .toSorted((a, b) => a - b);
  assert.deepEqual(
    [await domainsOf(), await domainsOf(), await domainsOf(), await domainsOf()],
    [
      [0, 1, 2],
      [3, 4, 5],
      [0, 1, 6],
      [2, 3, 4],
    ],
  );
});

test('outbox fairness - of a registration with several due pushes the newest go first, and as many as fell due', async (context) => {
  const outbox = await outboxesFor(context).open();
  for (const n of [1, 2, 3, 4]) await outbox.enqueue(queued(n, { node: 'busy' }), startMs - 10 + n);
  await outbox.enqueue(queued(5, { node: 'quiet' }), startMs);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 2), [4, 3]);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 3), [5, 2, 1]);
});

test('outbox fairness - calls of any domain go before other pushes of any domain', async (context) => {
  const outbox = await outboxesFor(context).open();
  for (let n = 1; n <= 50; n += 1) await outbox.enqueue(queued(n, { domain: 'a.example' }), startMs - 1_000);
  await outbox.enqueue(queued(60, { domain: 'z.example', kind: 'voip' }), startMs);
  assert.deepEqual((await leaseNumbers(outbox, startMs, 2))[0], 60);
});

test('outbox fairness - a domain whose pushes are due later takes no turn', async (context) => {
  const outbox = await outboxesFor(context).open();
  for (let n = 1; n <= 5; n += 1) await outbox.enqueue(queued(n, { domain: `a${n}.example` }), startMs + 60_000);
  await outbox.enqueue(queued(6, { domain: 'z.example' }), startMs);
  assert.deepEqual(await leaseNumbers(outbox, startMs, 1), [6]);
});
