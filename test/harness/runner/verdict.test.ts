import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScenarioResult } from '../../../src/harness/runner/result.ts';
import { interrupted, judgeRun } from '../../../src/harness/runner/verdict.ts';
import { scenarios } from '../../../src/harness/scenarios/all.ts';
import { capabilities } from '../../../src/harness/scenarios/capabilities.ts';
import type { Scenario } from '../../../src/harness/scenarios/scenario.ts';

function find(id: string): Scenario {
  const found = scenarios.find((scenario) => scenario.id === id);
  assert.ok(found, id);
  return found;
}

const passed = (id: string): ScenarioResult => ({
  scenario: find(id),
  outcome: 'passed',
  durationMs: 1,
  passages: [],
});
const skipped = (id: string, reason: string): ScenarioResult => ({ ...passed(id), outcome: 'skipped', reason });
const failed = (id: string, ...problems: string[]): ScenarioResult => ({
  ...passed(id),
  outcome: 'failed',
  passages: [{ what: 'the server publishes: message', pushes: [], problems }],
});
const judge = (results: readonly ScenarioResult[]) => judgeRun(results, { leftOut: [], faults: [] });
const rowsOf = (results: readonly ScenarioResult[]) =>
  judge(results).capabilities.map(({ title, outcome, why }) => [title, outcome, ...(why === undefined ? [] : [why])]);

test('verdict - every capability has a scenario of scope any, and every scenario of scope any has a capability', () => {
  const held = scenarios.flatMap((scenario) => (scenario.scope === 'any' ? [scenario.capability] : []));
  assert.deepEqual(new Set(held), new Set(Object.keys(capabilities)));
});

test('verdict - green when all that was played was held', () => {
  const verdict = judge([passed('sealed-message'), passed('call-rings')]);
  assert.equal(verdict.isGreen, true);
  assert.deepEqual(rowsOf([passed('sealed-message'), passed('call-rings')]), [
    ['Sealed messages, APNs', 'held'],
    ['Sealed calls, APNs', 'held'],
  ]);
});

test('verdict - red when nothing was played, with the reasons', () => {
  const verdict = judge([skipped('sealed-message', 'the component does not announce x'), skipped('call-rings', 'y')]);
  assert.equal(verdict.isGreen, false);
  assert.deepEqual(
    verdict.faults.map(({ problem }) => problem),
    ['nothing was played: the component does not announce x; y'],
  );
  assert.equal(judge([]).isGreen, false);
});

test('verdict - one failure breaks its capability, and no other', () => {
  const results = [passed('sealed-message'), failed('zero-tag', 'the IV is missing'), passed('call-rings')];
  assert.equal(judge(results).isGreen, false);
  assert.deepEqual(rowsOf(results), [
    ['Sealed messages, APNs', 'broken'],
    ['Sealed calls, APNs', 'held'],
  ]);
});

test('verdict - what was skipped says why, and a capability with something played is held', () => {
  const results = [
    passed('discover-siskin'),
    skipped('discover-snikket', 'not announced'),
    skipped('discover-android', 'no FCM'),
  ];
  assert.deepEqual(rowsOf(results), [
    ['Discovery, APNs', 'held'],
    ['Discovery, FCM', 'not played', 'no FCM'],
  ]);
  assert.equal(judge(results).isGreen, true);
});

test('verdict - an interrupted run is red, and what it did not reach was not played', () => {
  const results = [passed('sealed-message'), skipped('zero-tag', interrupted)];
  assert.equal(judge(results).isGreen, false);
  assert.deepEqual(rowsOf(results), [['Sealed messages, APNs', 'not played', 'interrupted']]);
});

test('verdict - what was found before the first scenario makes the run red', () => {
  const faults = [{ problem: 'disco#info is answered silence', advice: 'answer it' }];
  const verdict = judgeRun([passed('sealed-message')], { leftOut: [], faults });
  assert.equal(verdict.isGreen, false);
  assert.deepEqual(verdict.faults, faults);
});

test('verdict - what --only left out is listed, and the run says that it is a part', () => {
  const verdict = judgeRun([passed('sealed-message')], { leftOut: [find('call-rings')], faults: [] });
  assert.deepEqual([verdict.isGreen, verdict.isPartial], [true, true]);
  assert.equal(verdict.capabilities[1]?.why, 'left out by --only');
});

test('verdict - our own design is a row of its own', () => {
  assert.deepEqual(rowsOf([passed('ids-of-apns'), failed('default-words', 'body is A, not B')]), [
    ['Sealpost’s own design', 'broken'],
  ]);
});

test('verdict - failures of one cause are one cause, whatever differs in numbers and addresses', () => {
  const { causes } = judge([
    failed('call-rings', 'the push: its token is first, not second', 'the phone shows kind fault, not ringing'),
    failed('sealed-message', 'the ciphertext was cut to 60 of 156 characters'),
    failed('zero-tag', 'the ciphertext was cut to 60 of 204 characters', 'the phone cannot read it'),
    failed('json-chat', 'push 2: account is a@b.example, not zero-tag@reference.example'),
    failed('json-call', 'the push: account is a@b.example, not json-call@reference.example'),
  ]);
  assert.deepEqual(causes, [
    { text: 'the ciphertext was cut to 60 of 156 characters', scenarios: ['sealed-message', 'zero-tag'] },
    { text: 'account is a@b.example, not zero-tag@reference.example', scenarios: ['json-chat', 'json-call'] },
    { text: 'its token is first, not second', scenarios: ['call-rings'] },
  ]);
});
