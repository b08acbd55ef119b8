import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuardState, Hold } from '../../src/guard/contract.ts';
import { describeCaution, describeHold, hintFor, reportGuard } from '../../src/guard/report.ts';

const unknownNodes: Hold = {
  cause: 'unknown-nodes',
  sinceMs: Date.UTC(2026, 10, 1, 3, 4, 5),
  seen: 250,
  bad: 51,
  held: 7,
  domains: [
    ['example.net', 49],
    ['example.org', 2],
  ],
};
const deadTokens: Hold = { ...unknownNodes, cause: 'dead-tokens', app: 'siskin', target: 'first', domains: [] };

test('guard report - unknown nodes are told with their number and the servers that named them', () => {
  assert.equal(
    describeHold(unknownNodes),
    '51 of the latest 250 distinct registrations that XMPP servers named are not in the store and never were ' +
      '(example.net 49, example.org 2)',
  );
});

test('guard report - dead tokens are told with the app, and whether they are those for calls', () => {
  assert.equal(describeHold(deadTokens), 'the provider of siskin calls 51 of the latest 250 device tokens dead');
  assert.equal(
    describeHold({ ...deadTokens, target: 'second' }),
    'the provider of siskin calls 51 of the latest 250 call (PushKit) tokens dead',
  );
});

test('guard report - each cause has what to look at, that nothing is lost, and what to do', () => {
  assert.equal(
    hintFor(unknownNodes),
    'is the store the right one (empty? an old copy? another path or volume?) Nothing is lost meanwhile: servers keep ' +
      'everything. Put it right, then: sealpost guard release',
  );
  assert.equal(
    hintFor(deadTokens),
    'are topic, environment, key and project of siskin those of the app that registered? does the provider report an ' +
      'incident? Nothing is lost meanwhile: servers keep everything. Put it right, then: sealpost guard release',
  );
});

const watching = (seen: number, bad: number, believesUnknown = false): Extract<GuardState, { kind: 'watching' }> => ({
  kind: 'watching',
  nodes: { seen, bad },
  believesUnknown,
});

test('guard report - more than a fifth of unknown nodes is worth a look, unless they are believed', () => {
  assert.equal(describeCaution(watching(0, 0)), undefined);
  assert.equal(describeCaution(watching(50, 10)), undefined);
  assert.equal(
    describeCaution(watching(50, 11)),
    '11 of 50 registrations that XMPP servers named of late are not in the store and never were; servers are told to ' +
      'keep them',
  );
  assert.equal(describeCaution(watching(50, 11, true)), undefined);
});

test('guard report - the admin API tells every hold whole, and when it began', () => {
  assert.deepEqual(reportGuard({ kind: 'holding', holds: [unknownNodes, deadTokens] }), {
    state: 'holding',
    holds: [
      {
        cause: 'unknown-nodes',
        since: '2026-11-01T03:04:05.000Z',
        seen: 250,
        bad: 51,
        held: 7,
        what: describeHold(unknownNodes),
        hint: hintFor(unknownNodes),
      },
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

test('guard report - the admin API tells that nothing is held, and what is worth a look all the same', () => {
  assert.deepEqual(reportGuard(watching(50, 10)), { state: 'watching', holds: [] });
  assert.deepEqual(reportGuard(watching(50, 11)), {
    state: 'watching',
    holds: [],
    caution: describeCaution(watching(50, 11)),
  });
});
