import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdempotency } from '../../src/http/idempotency.ts';
import { manualClock } from '../support/clock.ts';

/** Counts how often the work was done. An answer is its number, and is true until it is revoked. */
function startCounting({ maxKeys = 10, lifeMs = 1_000 } = {}) {
  const clock = manualClock();
  const revoked = new Set<number>();
  let done = 0;
  const ask = createIdempotency<number>({
    clock,
    maxKeys,
    lifeMs,
    stillHolds: (answer) => Promise.resolve(!revoked.has(answer)),
  });
  const work = () => Promise.resolve((done += 1));
  return { clock, revoked, ask: (key: string, digest = 'body') => ask(key, digest, work) };
}

test('idempotency - an answer that is no longer true is forgotten, and the work is done again, once', async () => {
  const { ask, revoked } = startCounting();
  assert.deepEqual([await ask('k'), await ask('k')], [1, 1]);
  revoked.add(1);
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => ask('k'))), Array(20).fill(2));
  assert.equal(await ask('k', 'another body'), 'reused');
});

test('idempotency - a check that fails fails the request and keeps the answer', async () => {
  let reachable = false;
  let done = 0;
  const ask = createIdempotency<number>({
    clock: manualClock(),
    maxKeys: 10,
    lifeMs: 1_000,
    stillHolds: () => (reachable ? Promise.resolve(true) : Promise.reject(new Error('the store is away'))),
  });
  const work = () => Promise.resolve((done += 1));
  await ask('k', 'body', work);
  await assert.rejects(ask('k', 'body', work), /the store is away/);
  reachable = true;
  assert.equal(await ask('k', 'body', work), 1);
});

test('idempotency - a key is remembered for its lifetime', async () => {
  const { ask, clock } = startCounting();
  await ask('k');
  clock.advance(999);
  assert.equal(await ask('k'), 1);
  clock.advance(1);
  assert.equal(await ask('k'), 2);
});

test('idempotency - beyond the limit the oldest key is forgotten', async () => {
  const { ask } = startCounting({ maxKeys: 3 });
  for (const key of ['a', 'b', 'c', 'd']) await ask(key);
  assert.deepEqual([await ask('b'), await ask('c'), await ask('d')], [2, 3, 4]);
  assert.equal(await ask('a'), 5);
});
