import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import { manualClock } from '../support/clock.ts';

test('rate limit - an address may use its burst, then the rate', () => {
  const clock = manualClock();
  const allow = createRateLimit({ clock, burst: 3, perSecond: 0.5, maxAddresses: 10 });
  const ask = (times: number) => Array.from({ length: times }, () => allow('192.0.2.1'));
  assert.deepEqual(ask(5), [true, true, true, false, false]);
  clock.advance(1_999);
  assert.deepEqual(ask(1), [false]);
  clock.advance(1);
  assert.deepEqual(ask(2), [true, false]);
  clock.advance(3_600_000);
  assert.deepEqual(ask(4), [true, true, true, false]);
  assert.equal(allow('192.0.2.2'), true);
});

test('rate limit - setting the wall clock changes nothing', () => {
  const clock = manualClock();
  const allow = createRateLimit({ clock, burst: 1, perSecond: 1, maxAddresses: 10 });
  allow('192.0.2.1');
  clock.step(86_400_000);
  assert.equal(allow('192.0.2.1'), false);
});

test('rate limit - beyond twice the limit the quietest address is forgotten', () => {
  const clock = manualClock();
  const allow = createRateLimit({ clock, burst: 1, perSecond: 0, maxAddresses: 3 });
  for (const address of ['a', 'b', 'c', 'd', 'a', 'e', 'f']) allow(address);
  assert.equal(allow('a'), false, 'asked lately');
  assert.equal(allow('b'), true, 'forgotten when f came');
});

const same: readonly [string, string][] = [
  ['2001:db8:0:1::1', '2001:0DB8:0:1:ffff::2'],
  ['2001:db8::1', '2001:db8:0:0:5:6:7:8'],
  ['::1', '::2'],
  ['fe80::1%eth0', 'fe80::2%eth1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
];
const different: readonly [string, string][] = [
  ['2001:db8:0:1::1', '2001:db8:0:2::1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
  ['2001:db8:1::', '2001:db8::1'],
];

for (const [pairs, isSame] of [
  [same, true],
  [different, false],
] as const) {
  for (const [one, other] of pairs) {
    test(`rate limit - ${one} and ${other} ${isSame ? 'share a limit' : 'have a limit each'}`, () => {
      const allow = createRateLimit({ clock: manualClock(), burst: 1, perSecond: 1, maxAddresses: 10 });
      assert.deepEqual([allow(one), allow(other)], [true, !isSame]);
    });
  }
}
