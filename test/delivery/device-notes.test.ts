import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushResult } from '../../src/core/push.ts';
import { createDeviceNotes, deviceNotesLimit } from '../../src/delivery/device-notes.ts';
import type { DeviceNote } from '../../src/store/registry/contract.ts';
import { manualClock, turns } from '../support/clock.ts';
import { registrationOf } from '../support/registrations.ts';
import { recordedLog } from '../support/telemetry.ts';

const START_MS = Date.UTC(2026, 10, 1);
const accepted: PushResult = { kind: 'accepted' };
const timeout: PushResult = { kind: 'retry', reason: 'timeout', scope: 'app' };

function setUp() {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const written: string[][] = [];
  const batches: (readonly DeviceNote[])[] = [];
  const store: { fails: boolean; busy?: Promise<void> } = { fails: false };
  const registry = {
    async noteDevices(batch: readonly DeviceNote[]) {
      written.push(batch.map(({ node, registeredAtMs }) => `${node} ${registeredAtMs}`));
      batches.push(batch);
      await store.busy;
      if (store.fails) throw new RangeError('n1 is to blame');
    },
  };
  const notes = createDeviceNotes({ registry, clock, log });
  const note = (count: number, from = 0, result = accepted) => {
    for (let i = from; i < from + count; i += 1) {
      notes.pushed(registrationOf({ node: `n${i}`, registeredAtMs: i }), result);
    }
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns(5);
  };
  return { clock, lines, written, batches, store, notes, note, pass };
}

test('device notes - what comes in within a second is written at once, each device with its time of registering', async () => {
  const { written, note, pass } = setUp();
  note(2);
  await pass(999);
  note(2, 1);
  assert.deepEqual(written, []);
  await pass(1);
  assert.deepEqual(written, [['n0 0', 'n1 1', 'n2 2']]);
  await pass(10_000);
  assert.equal(written.length, 1);
});

test('device notes - the latest publish, the latest push and the first accepted one are told', async () => {
  const { clock, batches, notes, pass } = setUp();
  const romeo = registrationOf({ node: 'n', registeredAtMs: 7 });
  notes.pushed(romeo, accepted);
  notes.published(romeo, 'sent');
  await pass(1_000);
  notes.pushed(romeo, { kind: 'misconfigured', reason: 'BadTopic', scope: 'app' });
  notes.published(romeo, 'misconfigured');
  assert.deepEqual(notes.latest('n')?.pushed?.result, 'misconfigured BadTopic');
  await pass(1_000);
  assert.deepEqual(batches, [
    [
      {
        ...{ node: 'n', registeredAtMs: 7, acceptedAtMs: START_MS },
        pushed: { atMs: START_MS, result: 'accepted' },
        published: { atMs: START_MS, outcome: 'sent' },
      },
    ],
    [
      {
        ...{ node: 'n', registeredAtMs: 7, acceptedAtMs: START_MS },
        pushed: { atMs: START_MS + 1_000, result: 'misconfigured BadTopic' },
        published: { atMs: START_MS + 1_000, outcome: 'misconfigured' },
      },
    ],
  ]);
  assert.equal(clock.waiting, 0);
});

test('device notes - what happens again is written once a minute, and is known here at once', async () => {
  const { written, notes, pass } = setUp();
  const romeo = registrationOf({ node: 'n', registeredAtMs: 7, wasAccepted: true });
  for (let second = 0; second < 180; second += 1) {
    notes.pushed(romeo, accepted);
    notes.published(romeo, 'sent');
    await pass(1_000);
  }
  assert.equal(written.length, 3);
  assert.deepEqual(notes.latest('n')?.published, { atMs: START_MS + 179_000, outcome: 'sent' });
  assert.deepEqual(notes.latest('n')?.pushed, { atMs: START_MS + 179_000, result: 'accepted' });
  notes.published(romeo, 'queued');
  await pass(1_000);
  assert.equal(written.length, 4);
});

test('device notes - a device that registered anew begins anew', async () => {
  const { batches, notes, pass } = setUp();
  notes.published(registrationOf({ node: 'n', registeredAtMs: 1 }), 'sent');
  notes.pushed(registrationOf({ node: 'n', registeredAtMs: 2 }), timeout);
  await pass(1_000);
  assert.deepEqual(batches, [[{ node: 'n', registeredAtMs: 2, pushed: { atMs: START_MS, result: 'retry timeout' } }]]);
});

test('device notes - raw tokens, which the store does not have, are not noted', async () => {
  const { clock, written, notes, pass } = setUp();
  const raw = registrationOf({ convention: 'raw-token' });
  notes.pushed(raw, accepted);
  notes.published(raw, 'sent');
  await pass(1_000);
  assert.deepEqual(written, []);
  assert.equal(clock.waiting, 0);
});

test('device notes - that a device was accepted before is not noted again', async () => {
  const { batches, notes, pass } = setUp();
  notes.pushed(registrationOf({ node: 'n', wasAccepted: true }), accepted);
  await pass(1_000);
  assert.equal(batches[0]?.[0]?.acceptedAtMs, undefined);
});

test('device notes - 500 are written before the second has passed', async () => {
  const { written, note } = setUp();
  note(500);
  await turns(5);
  assert.deepEqual(
    written.map(({ length }) => length),
    [500],
  );
});

test('device notes - while the store is slow, 20,000 to 40,000 are remembered, and that others are lost is known', async () => {
  const { store, notes, note, pass } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.busy = promise;
  assert.equal(deviceNotesLimit, 20_000);
  note(40_000);
  assert.equal(notes.lostAtMs, undefined);
  assert.ok(notes.latest('n0'));
  note(1, 40_000);
  assert.equal(notes.lostAtMs, START_MS);
  // The half that was quiet longest goes at once.
  assert.deepEqual([notes.latest('n0'), notes.latest('n19999')], [undefined, undefined]);
  assert.ok(notes.latest('n20000') && notes.latest('n40000'));
  resolve();
  await pass(1_000);
});

test('device notes - a store that fails has a minute to recover, no push fails, and what was lost is written later', async () => {
  const { lines, written, batches, store, notes, note, pass } = setUp();
  store.fails = true;
  note(3);
  await pass(1_000);
  assert.equal(notes.lostAtMs, START_MS + 1_000);
  note(3);
  await pass(59_999);
  assert.equal(written.length, 1);
  assert.match(lines.join(), /"count":3,"reason":"RangeError","msg":"what happened to devices could not be noted"/);
  assert.doesNotMatch(lines.join(), /n1/);
  store.fails = false;
  await pass(1);
  note(3);
  await pass(1_000);
  assert.equal(written.length, 2);
  assert.deepEqual(
    batches[1]?.map(({ acceptedAtMs }) => acceptedAtMs),
    [START_MS, START_MS, START_MS],
  );
});

test('device notes - what waits when the server ends is written, and nothing after that', async () => {
  const { clock, written, note, notes } = setUp();
  note(1_700);
  await notes.drain();
  assert.equal(written.flat().length, 1_700);
  note(1);
  assert.equal(clock.waiting, 0);
  await notes.drain();
  assert.equal(written.flat().length, 1_700);
});
