import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Registration } from '../../src/core/registration.ts';
import { acceptedNotesLimit, createAcceptedNotes } from '../../src/delivery/device-notes.ts';
import { manualClock, turns } from '../support/clock.ts';
import { registrationOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';

function setUp() {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const written: string[][] = [];
  const store: { fails: boolean; busy?: Promise<void> } = { fails: false };
  const registry = {
    async noteAccepted(batch: readonly Pick<Registration, 'node' | 'registeredAtMs'>[]) {
      written.push(batch.map(({ node, registeredAtMs }) => `${node} ${registeredAtMs}`));
      await store.busy;
      if (store.fails) throw new RangeError('n1 is to blame');
    },
  };
  const notes = createAcceptedNotes({ registry, clock, log });
  const note = (count: number, from = 0) => {
    for (let i = from; i < from + count; i += 1) notes.note(registrationOf({ node: `n${i}`, registeredAtMs: i }));
  };
  return { clock, lines, written, store, notes, note };
}

test('accepted notes - what comes in within a second is written at once, each device with its time of registering', async () => {
  const { clock, written, note } = setUp();
  note(2);
  clock.advance(999);
  note(2, 1);
  assert.deepEqual(written, []);
  clock.advance(1);
  await turns(5);
  assert.deepEqual(written, [['n0 0', 'n1 1', 'n2 2']]);
  clock.advance(10_000);
  await turns(5);
  assert.equal(written.length, 1);
});

test('accepted notes - devices that are noted already, and raw tokens, are not written', async () => {
  const { clock, written, notes } = setUp();
  notes.note(registrationOf({ wasAccepted: true }));
  notes.note(registrationOf({ convention: 'raw-token' }));
  clock.advance(1_000);
  await turns(5);
  assert.deepEqual(written, []);
  assert.equal(clock.waiting, 0);
});

test('accepted notes - 500 are written before the second has passed', async () => {
  const { written, note } = setUp();
  note(500);
  await turns(5);
  assert.deepEqual(
    written.map(({ length }) => length),
    [500],
  );
});

test('accepted notes - while the store is slow, a thousand wait and the rest is left out', async () => {
  const { clock, written, store, note } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.busy = promise;
  note(5_000);
  assert.equal(acceptedNotesLimit, 1_000);
  resolve();
  for (let i = 0; i < 5; i += 1) {
    await turns(5);
    clock.advance(1_000);
  }
  assert.deepEqual(
    written.map(({ length }) => length),
    [500, 500],
  );
  note(1, 4_999);
  clock.advance(1_000);
  await turns(5);
  assert.deepEqual(written[2], ['n4999 4999']);
});

test('accepted notes - a store that fails has a minute to recover, and no push fails', async () => {
  const { clock, lines, written, store, note } = setUp();
  store.fails = true;
  note(3);
  clock.advance(1_000);
  await turns(5);
  note(3);
  clock.advance(59_999);
  await turns(5);
  assert.equal(written.length, 1);
  assert.match(lines.join(), /"count":3,"reason":"RangeError","msg":"accepted devices could not be noted"/);
  assert.doesNotMatch(lines.join(), /n1/);
  store.fails = false;
  clock.advance(1);
  note(3);
  clock.advance(1_000);
  await turns(5);
  assert.equal(written.length, 2);
});

test('accepted notes - what waits when the server ends is written, and nothing after that', async () => {
  const { clock, written, note, notes } = setUp();
  note(700);
  await notes.drain();
  assert.equal(written.flat().length, 700);
  note(1);
  assert.equal(clock.waiting, 0);
  await notes.drain();
  assert.equal(written.flat().length, 700);
});
