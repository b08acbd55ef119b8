import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Outbox } from '../../../src/store/outbox/contract.ts';
import { eventually } from '../../support/process.ts';
import { leaseNumbers, id, outboxesFor, queued, startMs } from './support.ts';

// Pushes that were leased when a process ended and not completed may have reached the provider, so they displace none
// of the newest ones that no provider has.

const put = (outbox: Outbox, n: number) => outbox.enqueue(queued(n, { node: 'busy' }), startMs);

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

const newestFirst = (numbers: Iterable<number>) => [...numbers].toSorted((a, b) => b - a);

test('outbox left leased - after kill -9 pushes that were being sent displace none that were not', async (context) => {
  const { path, open, dropped } = outboxesFor(context);
  const claimingProcess = fileURLToPath(new URL('leasing-process.ts', import.meta.url));
  const child = spawn(process.execPath, [claimingProcess, path, '20', '9'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    assert.equal(line, '20 19 18 17 16 15 14 13 12');
    child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');

  const outbox = await open();
  for (const n of range(21, 29)) await put(outbox, n);
  assert.deepEqual(await dropped(), {});
  assert.deepEqual(await leaseNumbers(outbox), newestFirst(range(1, 29)));
  await put(outbox, 30);
  assert.deepEqual(await dropped(), { 'siskin outbox-replaced': 1 });
});

test('outbox left leased - such pushes are counted apart, and pushes that were never leased give way to newer ones only', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const limits = { perRegistration: 3 };
  const first = await open({ limits });
  for (const n of [1, 2, 3]) await put(first, n);
  assert.deepEqual(await leaseNumbers(first, startMs, 2), [3, 2]);
  await first.close();
  const second = await open({ limits });
  for (const n of [4, 5]) await put(second, n);
  assert.deepEqual(await dropped(), {});
  await put(second, 6);
  assert.deepEqual(await dropped(), { 'siskin outbox-replaced': 1 });
  assert.deepEqual(await leaseNumbers(second), [6, 5, 4, 3, 2]);
});

test('outbox left leased - of one registration as many of each kind stay, the newest', async (context) => {
  const { open, dropped } = outboxesFor(context);
  for (const [run, numbers] of [range(1, 3), range(4, 6), range(7, 9)].entries()) {
    const outbox = await open({ limits: { perRegistration: 3 } });
    for (const n of numbers) await put(outbox, n);
    assert.equal((await outbox.stats())?.get('siskin')?.depth, run === 0 ? 3 : 6);
    assert.deepEqual(await leaseNumbers(outbox, startMs, 3), newestFirst(numbers));
    await outbox.close();
  }
  const last = await open({ limits: { perRegistration: 3 } });
  await put(last, 10);
  assert.deepEqual(await leaseNumbers(last), [10, 9, 8, 7]);
  assert.deepEqual(await dropped(), { 'siskin outbox-replaced': 6 });
});

test('outbox left leased - what this process leases, completes or reschedules counts as usual', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const outbox = await open({ limits: { perRegistration: 3 } });
  for (const n of [1, 2, 3]) await put(outbox, n);
  assert.deepEqual(await leaseNumbers(outbox), [3, 2, 1]);
  outbox.reschedule(id(3), startMs, 2);
  await put(outbox, 4);
  await eventually('one is replaced', async () =>
    (await dropped())['siskin outbox-replaced'] === 1 ? true : undefined,
  );
  assert.deepEqual(await leaseNumbers(outbox), [4, 3]);
});

test('outbox left leased - a push that was rescheduled or completed leaves no mark', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const limits = { perRegistration: 2 };
  const first = await open({ limits });
  for (const n of [1, 2]) await put(first, n);
  await leaseNumbers(first);
  first.reschedule(id(1), startMs, 2);
  first.complete(id(2));
  // It gets the row number that the second one had.
  await put(first, 3);
  await first.close();
  const second = await open({ limits });
  await put(second, 4);
  assert.deepEqual(await dropped(), { 'siskin outbox-replaced': 1 });
  assert.deepEqual(await leaseNumbers(second), [4, 3]);
});

test('outbox left leased - leased again and rescheduled it may still have reached a provider', async (context) => {
  const { open, dropped } = outboxesFor(context);
  const limits = { perRegistration: 2 };
  const first = await open({ limits });
  for (const n of [1, 2]) await put(first, n);
  assert.deepEqual(await leaseNumbers(first, startMs, 1), [2]);
  await first.close();
  const second = await open({ limits });
  assert.deepEqual(await leaseNumbers(second, startMs, 1), [2]);
  second.reschedule(id(2), startMs, 2);
  await put(second, 3);
  assert.deepEqual(await dropped(), {});
  assert.deepEqual(await leaseNumbers(second), [3, 2, 1]);
});
