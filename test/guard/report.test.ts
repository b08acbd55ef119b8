import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hold } from '../../src/guard/contract.ts';
import { describeHold, hintFor, reportGuard } from '../../src/guard/report.ts';

const deadTokens: Hold = {
  ...{ cause: 'dead-tokens', app: 'siskin', target: 'first', sinceMs: Date.UTC(2026, 10, 1, 3, 4, 5) },
  ...{ seen: 250, bad: 51, held: 7 },
};

test('guard report - dead tokens are told with the app, and whether they are those for calls', () => {
  assert.equal(describeHold(deadTokens), 'the provider of siskin calls 51 of the latest 250 device tokens dead');
  assert.equal(
    describeHold({ ...deadTokens, target: 'second' }),
    'the provider of siskin calls 51 of the latest 250 call (PushKit) tokens dead',
  );
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
  });
});

test('guard report - the admin API tells that nothing is held', () => {
  assert.deepEqual(reportGuard({ kind: 'watching' }), { state: 'watching', holds: [] });
});
