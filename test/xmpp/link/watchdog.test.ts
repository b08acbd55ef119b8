import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LINK_TIMING } from '../../../src/xmpp/stream/limits.ts';
import { createWatchdog, type Vitals } from '../../../src/xmpp/link/watchdog.ts';

function startWatchdog() {
  const watchdog = createWatchdog({ timing: LINK_TIMING, startedMs: 0 });
  /** What it says at this second. */
  const at = (second: number, vitals: Partial<Vitals> = {}) =>
    watchdog.check({ nowMs: second * 1_000, paused: false, unsentBytes: 0, sentBytes: 0, ...vitals });
  return { watchdog, at };
}

it('watchdog - pings every time that it is asked from 15 s of silence on, and gives up after ten more', () => {
  const { at } = startWatchdog();
  assert.deepEqual(
    [1, 14, 15, 16, 24, 25].map((second) => at(second)),
    ['well', 'well', 'ping', 'ping', 'ping', 'ping-timeout'],
  );
});

it('watchdog - is sooner when something was written that may not have arrived', () => {
  const { watchdog, at } = startWatchdog();
  watchdog.wrote();
  assert.deepEqual(
    [4, 5, 14, 15].map((second) => at(second)),
    ['well', 'ping', 'ping', 'ping-timeout'],
  );
});

it('watchdog - anything heard starts everything anew', () => {
  const { watchdog, at } = startWatchdog();
  watchdog.wrote();
  assert.equal(at(14), 'ping');
  watchdog.heard(14_500);
  assert.equal(watchdog.heardMs, 14_500);
  assert.deepEqual(
    [20, 29, 30, 39, 40].map((second) => at(second)),
    ['well', 'well', 'ping', 'ping', 'ping-timeout'],
  );
});

it('watchdog - a process that stood still itself asks before it gives up', () => {
  const { at } = startWatchdog();
  assert.equal(at(3_600), 'ping');
  assert.equal(at(3_601), 'ping');
});

it('watchdog - while nothing is read, silence means nothing; afterwards it counts from then', () => {
  const { at } = startWatchdog();
  for (const second of [15, 30, 60]) assert.equal(at(second, { paused: true }), 'well');
  assert.deepEqual(
    [70, 75, 85].map((second) => at(second)),
    ['well', 'ping', 'ping-timeout'],
  );
});

it('watchdog - a server that takes nothing for ten seconds is given up, a slow one is not', () => {
  const { watchdog, at } = startWatchdog();
  for (let second = 1; second < 60; second += 1) {
    watchdog.heard(second * 1_000);
    assert.equal(at(second, { unsentBytes: 1_000, sentBytes: second }), 'well');
  }
  const stuck = { paused: true, unsentBytes: 1_000, sentBytes: 59 };
  assert.equal(at(68, stuck), 'well');
  assert.equal(at(69, stuck), 'stalled');
});
