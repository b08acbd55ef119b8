import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LINK_TIMING } from '../../../src/xmpp/stream/limits.ts';
import { createWatchdog, type ConnectionState } from '../../../src/xmpp/link/watchdog.ts';

function startWatchdog() {
  const watchdog = createWatchdog({ timing: LINK_TIMING, startedMs: 0 });
  /** Its verdict at this second. */
  const at = (second: number, vitals: Partial<ConnectionState> = {}) =>
    watchdog.check({ nowMs: second * 1_000, paused: false, unsentBytes: 0, sentBytes: 0, ...vitals });
  return { watchdog, at };
}

it('watchdog - it pings on each check from 15 s of silence on, and gives up after ten more', () => {
  const { at } = startWatchdog();
  assert.deepEqual(
    [1, 14, 15, 16, 24, 25].map((second) => at(second)),
    ['well', 'well', 'ping', 'ping', 'ping', 'ping-timeout'],
  );
});

it('watchdog - it pings sooner if something written may not have arrived', () => {
  const { watchdog, at } = startWatchdog();
  watchdog.wrote();
  assert.deepEqual(
    [4, 5, 14, 15].map((second) => at(second)),
    ['well', 'ping', 'ping', 'ping-timeout'],
  );
});

it('watchdog - any data received resets it', () => {
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

it('watchdog - a process that was stopped itself pings before it gives up', () => {
  const { at } = startWatchdog();
  assert.equal(at(3_600), 'ping');
  assert.equal(at(3_601), 'ping');
});

it('watchdog - while reading is paused, silence is ignored; afterwards it counts from then', () => {
  const { at } = startWatchdog();
  for (const second of [15, 30, 60]) assert.equal(at(second, { paused: true }), 'well');
  assert.deepEqual(
    [70, 75, 85].map((second) => at(second)),
    ['well', 'ping', 'ping-timeout'],
  );
});

it('watchdog - a server that reads nothing for ten seconds is given up, a slow one is not', () => {
  const { watchdog, at } = startWatchdog();
  for (let second = 1; second < 60; second += 1) {
    watchdog.heard(second * 1_000);
    assert.equal(at(second, { unsentBytes: 1_000, sentBytes: second }), 'well');
  }
  const stuck = { paused: true, unsentBytes: 1_000, sentBytes: 59 };
  assert.equal(at(68, stuck), 'well');
  assert.equal(at(69, stuck), 'stalled');
});
