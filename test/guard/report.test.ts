import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hold } from '../../src/guard/contract.ts';
import { describeHold, describeHolds, hintFor, reportGuard } from '../../src/guard/report.ts';

const deadTokens: Hold = {
  ...{ cause: 'dead-tokens', app: 'siskin', target: 'first', sinceMs: Date.UTC(2026, 10, 1, 3, 4, 5) },
  ...{ seen: 250, bad: 51, held: 7, othersFareWell: false },
};

test('guard report - dead tokens are told with the app, and whether they are those for calls', () => {
  assert.equal(describeHold(deadTokens), 'the provider of siskin calls 51 of the latest 250 device tokens dead');
  assert.equal(
    describeHold({ ...deadTokens, target: 'second' }),
    'the provider of siskin calls 51 of the latest 250 call (PushKit) tokens dead',
  );
});

test('guard report - a hold says whom it is about, if not everybody', () => {
  const about = (over: Partial<Hold>) => /\(.*\)$/.exec(describeHold({ ...deadTokens, ...over }))?.[0];
  assert.equal(about({ domain: 'example.net' }), '(accounts of example.net)');
  assert.equal(about({ domain: '' }), '(devices without an account)');
  assert.equal(about({ cause: 'dead-new-tokens' }), '(devices that never took a push; others are not held)');
  assert.equal(
    about({ cause: 'dead-new-tokens', domain: 'example.net' }),
    '(accounts of example.net; devices that never took a push; others are not held)',
  );
});

test('guard report - of a hundred holds the first are told, and how many there are', () => {
  const holds = Array.from({ length: 100 }, (_, i): Hold => ({ ...deadTokens, domain: `d${i}.example` }));
  const report = reportGuard({ kind: 'holding', holds });
  assert.deepEqual([report.holds.length, report.count], [20, 100]);
  assert.equal(report.holds[19]?.domain, 'd19.example');
  assert.match(describeHolds(holds), /^the provider .*d0\.example\); .*d1\.example\); .*d2\.example\); 97 more$/);
  assert.equal(describeHolds(holds.slice(0, 1)), describeHold(holds[0] ?? deadTokens));
});

test('guard report - a hold says what to look at, that nothing is lost, and what to do', () => {
  assert.equal(
    hintFor(deadTokens),
    'are topic, environment, key and project of siskin those of the app that registered? does the provider report an ' +
      'incident? Nothing is lost meanwhile: servers keep everything. Put it right, then: sealpost guard release',
  );
});

test('guard report - the admin API tells every hold whole, and when it began', () => {
  assert.deepEqual(reportGuard({ kind: 'holding', holds: [deadTokens] }), {
    state: 'holding',
    holds: [
      {
        cause: 'dead-tokens',
        app: 'siskin',
        since: '2026-11-01T03:04:05.000Z',
        seen: 250,
        bad: 51,
        held: 7,
        what: describeHold(deadTokens),
        hint: hintFor(deadTokens),
      },
    ],
    count: 1,
  });
});

test('guard report - the admin API tells that nothing is held', () => {
  assert.deepEqual(reportGuard({ kind: 'watching' }), { state: 'watching', holds: [], count: 0 });
});
