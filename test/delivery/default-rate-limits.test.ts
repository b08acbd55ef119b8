import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimits, defaultRateLimits, type RateLimits } from '../../src/delivery/rate-limits.ts';
import { manualClock } from '../support/clock.ts';

/** How many are granted, one right after the other, until one is not. */
function countGranted(isGranted: () => boolean): number {
  for (let granted = 0; ; granted += 1) if (!isGranted()) return granted;
}

const app = 'siskin';

const rows: readonly [
  what: string,
  burst: number,
  perMinute: number,
  take: (limits: RateLimits, n: number) => boolean,
][] = [
  ['publishes of a server', 10_000, 120_000, (limits) => limits.mayPublish('example.net')],
  ['publishes of an account', 50, 300, (limits) => limits.mayPublish('mallory@example.net')],
  // Each of another account, so that no account’s share is the limit.
  ['commands of a server’s accounts', 5_000, 6_000, (limits, n) => limits.mayCommand(`user-${n}@example.net/x`)],
  ['commands of an account', 60, 6, (limits) => limits.mayCommand('mallory@example.net/x')],
  [
    'pushes to a registration',
    100,
    60,
    (limits, n) => limits.pushDelay({ app, node: 'node', token: `token-${n}` }) === 0,
  ],
  [
    'pushes to a device token',
    150,
    60,
    (limits, n) => limits.pushDelay({ app, node: `node-${n}`, token: 'token' }) === 0,
  ],
];

for (const [what, burst, perMinute, take] of rows) {
  test(`default rate limits - of ${what} ${burst} at once, then ${perMinute} a minute`, () => {
    const clock = manualClock();
    const limits = createRateLimits({ settings: defaultRateLimits, clock });
    let n = 0;
    const next = () => take(limits, (n += 1));
    assert.equal(countGranted(next), burst);
    // Ten seconds at a time, which is less than any burst takes to fill.
    for (let i = 0; i < 6; i += 1) {
      clock.advance(10_000);
      assert.equal(countGranted(next), Math.min(burst, perMinute / 6));
    }
  });
}
