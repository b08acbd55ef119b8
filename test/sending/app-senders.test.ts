import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushResult } from '../../src/core/push.ts';
import { createAppSender } from '../../src/sending/app-sender.ts';
import { createAppSenders } from '../../src/sending/app-senders.ts';
import { manualClock } from '../support/clock.ts';
import { apnsAppOf } from '../support/registrations.ts';
import { quietTelemetry } from '../support/telemetry.ts';

/** Senders whose providers say when they were drained; an app named `unusable` has none. */
function recorded() {
  const drained: string[] = [];
  const hurried: string[] = [];
  let made = 0;
  const parts = { clock: manualClock(), random: () => 0.5, ...quietTelemetry() };
  const senders = createAppSenders<ReturnType<typeof apnsAppOf>>((app) => {
    if (app.name === 'unusable') throw new Error('its certificate cannot be used');
    made += 1;
    const name = `${app.name} ${made}`;
    const provider = {
      send: () => Promise.resolve<PushResult>({ kind: 'accepted' }),
      largestCiphertext: () => 3_072,
      hurry: () => void hurried.push(name),
      drain: () => Promise.resolve(void drained.push(name)),
    };
    return createAppSender({ app, connect: () => provider, ...parts });
  });
  return { senders, drained, hurried };
}

const appOf = (name: string) => apnsAppOf({ name });

test('app senders - apps come, are replaced and go; whatever is left is closed', async () => {
  const { senders, drained } = recorded();
  senders.replace({ apps: [appOf('a'), appOf('b')], removed: [] });
  const first = senders.byName.get('a');
  senders.replace({ apps: [appOf('a'), appOf('c')], removed: ['b', 'never'] });
  assert.deepEqual([...senders.byName.keys()], ['a', 'c']);
  assert.notEqual(senders.byName.get('a'), first);
  assert.deepEqual(drained, ['b 2', 'a 1']);
  await senders.drain();
  assert.deepEqual(drained, ['b 2', 'a 1', 'a 3', 'c 4']);
});

test('app senders - all are hurried, also one that was replaced and is not closed yet', async () => {
  const { senders, hurried } = recorded();
  senders.replace({ apps: [appOf('a'), appOf('b')], removed: [] });
  senders.replace({ apps: [appOf('a')], removed: [] });
  senders.hurry(1_000);
  assert.deepEqual(hurried, ['a 1', 'a 3', 'b 2']);
  await senders.drain();
  senders.hurry(1_000);
  assert.deepEqual(hurried.slice(3), ['a 3', 'b 2']);
});

test('app senders - if one app cannot be used, nothing has changed, and those made for it are closed', () => {
  const { senders, drained } = recorded();
  senders.replace({ apps: [appOf('a')], removed: [] });
  const before = new Map(senders.byName);
  assert.throws(() => senders.replace({ apps: [appOf('a'), appOf('unusable')], removed: ['a'] }), /cannot be used/);
  assert.deepEqual([new Map(senders.byName), drained], [before, ['a 2']]);
});
