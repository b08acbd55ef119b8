import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFloods, floodFrom, watchedFloods } from '../../src/delivery/floods.ts';
import { createRateLimits, defaultRateLimits } from '../../src/delivery/rate-limits.ts';
import { manualClock } from '../support/clock.ts';
import { recordedLog } from '../support/telemetry.ts';

const start = () => {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const floods = createFloods({ clock, log });
  const note = (from: string, times: number, kind: 'publishes' | 'commands' = 'publishes') => {
    for (let i = 0; i < times; i += 1) floods.note(from, kind);
  };
  const told = () => floods.concern;
  return { clock, lines, floods, note, told };
};

test('floods - from a hundred refusals on a domain is told, and no longer once it was quiet for five minutes', () => {
  const { clock, note, told, lines } = start();
  note('Hostile.example', floodFrom - 1);
  assert.equal(told(), undefined);
  assert.deepEqual(lines, []);
  note('hostile.example', 1);
  assert.equal(told()?.reason, 'hostile.example sends more publishes than it may: 100 were put off within ten minutes');
  assert.match(told()?.hint ?? '', /raise limits\.publishesPerDomain and reload .* block the domain/);
  clock.advance(299_999);
  assert.ok(told());
  clock.advance(1);
  assert.equal(told(), undefined);
});

test('floods - refusals that are spread over an hour are none', () => {
  const { clock, note, told } = start();
  for (let i = 0; i < 60; i += 1) {
    note('busy.example', 8);
    assert.equal(told(), undefined);
    clock.advance(60_000);
  }
});

test('floods - what goes on from one window into the next is one flood, and what was long ago does not count', () => {
  const { clock, note, told } = start();
  note('hostile.example', floodFrom - 40);
  clock.advance(300_000);
  note('hostile.example', 40);
  assert.match(told()?.reason ?? '', /: 100 were put off/);
  clock.advance(600_000);
  note('hostile.example', floodFrom - 1);
  assert.equal(told(), undefined);
});

test('floods - the log has a line a minute for each kind, without local part and resource', () => {
  const { clock, note, lines } = start();
  note('mallory@hostile.example/secret', 1_000, 'commands');
  note('other.example', 1_000, 'commands');
  note('hostile.example', 1_000);
  clock.advance(60_000);
  note('hostile.example', 1_000);
  const told = lines.map((line) => JSON.parse(line) as { domain: string; count: number; hint: string; msg: string });
  assert.deepEqual(
    told.map(({ domain, count, msg }) => [domain, count, msg]),
    [
      [
        'hostile.example',
        100,
        'accounts of a domain send more commands than they may: what is beyond their share is refused',
      ],
      ['hostile.example', 100, 'a domain publishes more than it may: what is beyond its share is put off'],
      ['hostile.example', 1_001, 'a domain publishes more than it may: what is beyond its share is put off'],
    ],
  );
  assert.match(told[0]?.hint ?? '', /raise limits\.commandsPerDomain/);
  assert.doesNotMatch(lines.join(''), /mallory|secret/);
});

test('floods - of many domains the worst three are told, a hundred are watched, and long names are cut', () => {
  const { note, told } = start();
  note('first.example', floodFrom);
  for (let i = 0; i < watchedFloods; i += 1) note(`${i}${'x'.repeat(200)}.example`, floodFrom + i);
  const { reason = '' } = told() ?? {};
  assert.match(reason, /: 199 were put off within ten minutes; .*: 198 were .*; .*: 197 were .*; 97 more$/);
  assert.doesNotMatch(reason, /first/);
  assert.ok(reason.length < 1_000, 'whatever the length of the names');
});

test('floods - what the rate limits refuse is noted, of accounts by their domain', () => {
  const { clock, floods } = start();
  const share = { burst: 1, perSecond: 0.001 };
  const settings = { ...defaultRateLimits, publishesPerDomain: share, commandsPerDomain: share };
  const limits = createRateLimits({ settings, clock, floods });
  for (let i = 0; i <= floodFrom; i += 1) limits.mayPublish('hostile.example');
  for (let i = 0; i <= floodFrom + 1; i += 1) limits.mayCommand(`user${i}@other.example/x`);
  assert.equal(
    floods.concern?.reason,
    'other.example sends more commands than it may: 101 were refused within ten minutes; ' +
      'hostile.example sends more publishes than it may: 100 were put off within ten minutes',
  );
});

test('floods - an account that is over its own limit makes no flood of its domain', () => {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const floods = createFloods({ clock, log });
  const rateLimits = createRateLimits({ settings: defaultRateLimits, floods, clock });
  for (let i = 0; i < 2 * floodFrom + 200; i += 1) {
    rateLimits.mayCommand('loop@example.org/phone');
    rateLimits.mayPublish('loop@example.org');
  }
  assert.equal(floods.concern, undefined);
  assert.deepEqual(lines, []);
});
