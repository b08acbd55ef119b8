import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalValues } from '../../src/config/kinds/values.ts';
import { createRateLimits, defaultRateLimits, rateLimitsSection } from '../../src/delivery/rate-limits.ts';
import { createTokenBuckets } from '../../src/time/token-bucket.ts';
import { manualClock } from '../support/clock.ts';

test('token buckets - a burst at once, then the rate per second', () => {
  const clock = manualClock();
  const buckets = createTokenBuckets({ clock, burst: 3, perSecond: 2, limit: 10 });
  assert.deepEqual([buckets.take('a'), buckets.take('a'), buckets.take('a'), buckets.take('a')], [0, 0, 0, 500]);
  clock.advance(500);
  assert.deepEqual([buckets.take('a'), buckets.take('a')], [0, 500]);
  assert.equal(buckets.take('b'), 0);
});

test('token buckets - beyond twice the limit the key that was quiet longest is forgotten', () => {
  const buckets = createTokenBuckets({ clock: manualClock(), burst: 1, perSecond: 1, limit: 1 });
  for (const key of ['a', 'b', 'a', 'c']) buckets.take(key);
  assert.equal(buckets.size, 2);
  assert.ok(buckets.take('a') > 0);
  assert.equal(buckets.take('b'), 0);
});

test('rate limits - one account that publishes by itself uses up its own limit, not its server’s', () => {
  const shares = {
    ...defaultRateLimits,
    publishesPerAccount: { burst: 2, perSecond: 1 },
    publishesPerDomain: { burst: 5, perSecond: 1 },
  };
  const fair = createRateLimits({ settings: shares, clock: manualClock() });
  const asked = [
    'mallory@example.net',
    'Mallory@example.net',
    'mallory@example.net',
    'example.net',
    'EXAMPLE.net/hash',
  ];
  assert.deepEqual(
    asked.map((publisher) => fair.mayPublish(publisher)),
    [true, true, false, true, true],
  );
});

test('rate limits - an account that Unicode would fold to another does not use up its limit', () => {
  const shares = {
    ...defaultRateLimits,
    publishesPerAccount: { burst: 1, perSecond: 1 },
    commandsPerAccount: { burst: 1, perSecond: 1 },
  };
  const fair = createRateLimits({ settings: shares, clock: manualClock() });
  const asked = ['\u1c90@example.net', '\u10d0@example.net', '\u10d0@EXAMPLE.net'];
  assert.deepEqual(
    asked.map((from) => fair.mayPublish(from)),
    [true, true, false],
  );
  assert.deepEqual(
    asked.map((from) => fair.mayCommand(`${from}/phone`)),
    [true, true, false],
  );
});

test('rate limits - one account’s commands do not use up those of its server, and one server’s not another’s', () => {
  const shares = {
    ...defaultRateLimits,
    commandsPerAccount: { burst: 2, perSecond: 1 },
    commandsPerDomain: { burst: 3, perSecond: 1 },
  };
  const fair = createRateLimits({ settings: shares, clock: manualClock() });
  const asked = [
    'mallory@example.net/a',
    'mallory@example.net/b',
    'mallory@example.net/c',
    'romeo@example.net/phone',
    'benvolio@example.net/phone',
    'juliet@example.com/phone',
  ];
  assert.deepEqual(
    asked.map((from) => fair.mayCommand(from)),
    [true, true, false, true, false, true],
  );
});

test('rate limits - one device token has one limit, however many accounts registered it', () => {
  const clock = manualClock();
  const limits = createRateLimits({ settings: defaultRateLimits, clock });
  const token = 'fcmInst:APA91bExample';
  const delays = Array.from({ length: 200 }, (_, i) => limits.pushDelay({ app: 'android', node: `node-${i}`, token }));
  assert.deepEqual([delays.filter((ms) => ms === 0).length, delays.at(-1)], [150, 1_000]);
  // Neither another token nor the same token of another app is affected.
  assert.equal(limits.pushDelay({ app: 'android', node: 'other', token: 'another' }), 0);
  assert.equal(limits.pushDelay({ app: 'siskin', node: 'third', token }), 0);
});

test('rate limits - a refusal by the token’s limit does not use up the registration’s', () => {
  const clock = manualClock();
  const settings = {
    ...defaultRateLimits,
    pushesPerRegistration: { burst: 2, perSecond: 0.001 },
    pushesPerToken: { burst: 1, perSecond: 1 },
  };
  const limits = createRateLimits({ settings, clock });
  const push = () => limits.pushDelay({ app: 'android', node: 'node', token: 'token' });
  assert.deepEqual([push(), push(), push()], [0, 1_000, 1_000]);
  clock.advance(1_000);
  assert.equal(push(), 0);
});

test('rate limits - a token may take at least what the config gives a registration', () => {
  const tokenShareOf = (limits: object) => rateLimitsSection(literalValues).parse(limits).pushesPerToken;
  const given = { burst: 1_000, perMinute: 3_000 };
  assert.deepEqual(tokenShareOf({ pushesPerRegistration: given }), { burst: 1_000, perSecond: 50 });
  assert.deepEqual(tokenShareOf({}), { burst: 150, perSecond: 1 });
  const own = { burst: 5, perMinute: 60 };
  const expected = { burst: 5, perSecond: 1 };
  assert.deepEqual(tokenShareOf({ pushesPerRegistration: given, pushesPerToken: own }), expected);
});

test('token buckets - a part of a token is none, and asking for it costs nothing', () => {
  const clock = manualClock();
  const buckets = createTokenBuckets({ clock, burst: 1, perSecond: 2, limit: 10 });
  assert.equal(buckets.take('a'), 0);
  clock.advance(250);
  assert.deepEqual([buckets.take('a'), buckets.take('a')], [250, 250]);
  clock.advance(250);
  assert.equal(buckets.take('a'), 0);
});

test('rate limits - changed limits hold at once, and what the others have counted is kept', () => {
  const clock = manualClock();
  const publishesPerDomain = { burst: 1, perSecond: 1 };
  const limits = createRateLimits({ settings: { ...defaultRateLimits, publishesPerDomain }, clock });
  const registration = { app: 'siskin', node: 'n', token: 't' };
  assert.deepEqual([limits.mayPublish('example.net'), limits.mayPublish('example.net')], [true, false]);
  limits.change({ ...defaultRateLimits, publishesPerDomain, pushesPerRegistration: { burst: 1, perSecond: 0.5 } });
  assert.equal(limits.mayPublish('example.net'), false);
  assert.deepEqual([limits.pushDelay(registration), limits.pushDelay(registration)], [0, 2_000]);
  assert.equal(limits.pushEveryMs, 2_000);
  limits.change({ ...defaultRateLimits, publishesPerDomain: { burst: 2, perSecond: 1 } });
  assert.equal(limits.mayPublish('example.net'), true);
});
