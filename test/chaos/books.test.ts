import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBooks } from './books.ts';
import { ciphertextOf } from './ledger.ts';
import type { Device } from './traffic.ts';

const device: Device = { token: 'fcm-token-1', node: 'n1', provider: 'fcm' };

test('books - booked events are in the report of the other process, in order', async () => {
  await using books = openBooks();
  const [first, second] = [books.publish({ kind: 'alert', device }), books.publish({ kind: 'alert', device })];
  for (const number of [first, second]) books.answer(number, 'result');
  assert.equal(await books.balance(), false);
  const arrive = (number: number, status: number) => {
    const body = { message: { data: { encrypted: ciphertextOf(number) } } };
    const { token } = device;
    books.receive({ provider: 'fcm', token, headers: {}, body, bytes: 0, atMs: Date.now(), status });
  };
  arrive(first, 200);
  arrive(second, 503);
  assert.deepEqual(await books.missing([first, second]), [second]);
  arrive(second, 200);
  assert.equal(await books.balance(), true);
  assert.equal(books.published, 2);
  const { answers, entries, lost } = await books.report();
  assert.deepEqual([...answers], [['result', 2]]);
  assert.deepEqual(
    entries.map(({ number, acceptedAtMs }) => [number, acceptedAtMs.length]),
    [
      [first, 1],
      [second, 1],
    ],
  );
  assert.deepEqual(lost, []);
});

test('books - a question after the end of the ledger process is an error', async () => {
  const books = openBooks();
  await books[Symbol.asyncDispose]();
  books.publish({ kind: 'alert', device });
  await assert.rejects(books.report(), /the process of the ledger has ended/);
});
