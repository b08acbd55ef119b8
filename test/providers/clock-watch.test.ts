import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClockWatch } from '../../src/providers/clock-watch.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/telemetry.ts';
import { apnsScene, apnsToken, deviceOf, fcmScene, fcmToken, pushOf } from './fixtures.ts';

/** 2026-11-01, when the manual clock begins, plus so many seconds. */
const dateAfter = (seconds: number) => new Date(Date.UTC(2026, 10, 1) + seconds * 1_000).toUTCString();

function start() {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const watch = createClockWatch({ clock, log });
  return { clock, lines, watch, told: () => watch.concern };
}

test('clock watch - a difference of more than two minutes is told, in either direction', () => {
  for (const [seconds, reason] of [
    [120, undefined],
    [121, 'the clock of this machine is wrong: it is 2 minutes behind that of a provider'],
    [3_600, 'the clock of this machine is wrong: it is 60 minutes behind that of a provider'],
    [-120, undefined],
    [-600, 'the clock of this machine is wrong: it is 10 minutes ahead of that of a provider'],
  ] as const) {
    const { watch } = start();
    watch.note(dateAfter(seconds));
    assert.deepEqual([watch.isKnown, watch.concern?.reason], [true, reason]);
  }
});

test('clock watch - what is no date of HTTP says nothing', () => {
  const { watch, lines } = start();
  for (const date of [undefined, 7, '', 'soon GMT', '2020-01-01T00:00:00Z', null]) watch.note(date);
  assert.deepEqual([watch.isKnown, watch.concern, lines], [false, undefined, []]);
});

test('clock watch - a clock that is set right is right at once, and one date in ten seconds is read', () => {
  const { watch, told, clock } = start();
  watch.note(dateAfter(600));
  clock.step(600_000);
  assert.equal(told(), undefined);
  clock.advance(9_999);
  watch.note(dateAfter(9_000));
  assert.equal(told(), undefined);
  clock.advance(1);
  watch.note(dateAfter(9_000));
  assert.match(told()?.reason ?? '', /140 minutes behind/);
});

test('clock watch - the log has a line a minute', () => {
  const { watch, clock, lines } = start();
  for (let seconds = 0; seconds <= 60; seconds += 10) {
    watch.note(dateAfter(600 + seconds));
    clock.advance(10_000);
  }
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /"level":50,.*set it by NTP.*it is 10 minutes behind that of a provider/);
});

test('clock watch - APNs, FCM and the OAuth server of Google tell their time, a refusal included', async (t) => {
  const seen: unknown[] = [];
  const clockWatch = { note: (date: unknown) => void seen.push(date) };
  const dates = () => seen.splice(0).map((date) => Number.isNaN(Date.parse(String(date))));
  const apns = await apnsScene(t, { clockWatch });
  await apns.provider.send(pushOf(), deviceOf(apnsToken), 10_000);
  assert.deepEqual(dates(), [false]);
  const fcm = await fcmScene(t, { clockWatch });
  await fcm.provider.send(pushOf(), deviceOf(fcmToken), 10_000);
  assert.deepEqual(dates(), [false, false]);
  fcm.standIn.scriptTokens({ status: 400, error: 'invalid_grant' });
  const refused = await fcmScene(t, {
    clockWatch,
    app: { tokenEndpoint: fcm.standIn.tokenOrigin, ca: fcm.standIn.ca },
  });
  await refused.provider.send(pushOf(), deviceOf(fcmToken), 10_000);
  assert.deepEqual(dates(), [false]);
});

test('clock watch - a date says nothing after a quarter of an hour: a suspend may have come between', () => {
  const { watch, told, clock } = start();
  watch.note(dateAfter(600));
  clock.advance(900_000);
  assert.notEqual(told(), undefined);
  clock.advance(1);
  assert.equal(told(), undefined);
});
