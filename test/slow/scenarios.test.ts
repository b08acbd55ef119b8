import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runScenarios, selectScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { problemsOf } from '../../src/harness/runner/result.ts';
import { type ScenarioStage, setScenarioStage } from '../../src/harness/runner/environment.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import { paragraphs } from '../../src/harness/scenarios/paragraphs.ts';
import type { Expectation, PushExpectation, Scenario, Step } from '../../src/harness/scenarios/scenario.ts';
import { startInProcess, stageParts } from '../harness/in-process.ts';

const root = join(import.meta.dirname, '../..');

let stage: ScenarioStage;
before(async () => void (stage = await setScenarioStage({ ...stageParts, startServer: startInProcess() })));
after(() => stage.close());

test('scenarios - there are at least sixty, each with an id of its own', () => {
  assert.ok(scenarios.length >= 60, `${scenarios.length}`);
  assert.equal(new Set(scenarios.map(({ id }) => id)).size, scenarios.length);
  for (const { id, steps } of scenarios) {
    assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.ok(
      steps.some((step) => 'expect' in step || step.do === 'trouble'),
      `${id} expects nothing`,
    );
  }
});

test('scenarios - the table of paragraphs is complete both ways', () => {
  const held = new Set(scenarios.flatMap((scenario) => scenario.paragraphs));
  const known = new Set(paragraphs.map(({ id }) => id));
  assert.deepEqual(held.difference(known), new Set(), 'scenarios hold paragraphs that do not exist');
  const demanded = new Set(paragraphs.filter(({ apart }) => !apart).map(({ id }) => id));
  assert.deepEqual(demanded.difference(held), new Set(), 'paragraphs that no scenario holds');
  assert.equal(known.size, paragraphs.length, 'an id stands twice');
  for (const { id, apart } of paragraphs) {
    if (!apart) continue;
    assert.ok(!held.has(id), `${id} is held by a scenario and needs no excuse`);
    if ('heldBy' in apart)
      assert.ok(existsSync(join(root, apart.heldBy ?? '')), `${id}: ${apart.heldBy} does not exist`);
  }
});

test('scenarios - all pass', async () => {
  const { results } = await runScenarios({ scenarios, stage });
  const failed = results.filter(({ outcome }) => outcome !== 'passed');
  assert.deepEqual(
    failed.map((result) => [result.scenario.id, problemsOf(result)]),
    [],
  );
});

const brokenParts: readonly [what: string, change: Partial<PushExpectation>, complaint: RegExp][] = [
  ['the token', { to: 'second' }, /its token is first, not second/],
  ['a key', { keys: ['account', 'encrypted'] }, /the list of its keys is \["account","encrypted","iv"\]/],
  ['a value', { values: { account: 'ROMEO' } }, /account is parts@reference\.example, not ROMEO/],
  ['the words', { alert: { body: 'Old message!' } }, /body is New message!, not Old message!/],
  ['the lifetime', { lifetimeS: 3600 }, /its lifetime in seconds is 604\d\d\d, not 3600/],
  ['the provider’s answer', { status: 410 }, /the provider’s answer is 200, not 410/],
  ['the id', { sameId: true }, /apns-id is /],
  ['the size', { bytes: [5000, 6000] }, /its size is \d+ bytes, not 5000 to 6000/],
];
for (const [what, change, complaint] of brokenParts) {
  test(`scenarios - ${what} of a push counts, and what differs is said`, async () => {
    const [sample] = selectScenarios(scenarios, ['sealed-message-for-a-week']);
    assert.ok(sample);
    const steps = sample.steps.map((step): Step => {
      if (step.do !== 'happen') return step;
      return {
        ...step,
        expect: { ...step.expect, pushes: step.expect.pushes.map((push) => ({ ...push, ...change })) },
      };
    });
    const { results } = await runScenarios({ scenarios: [{ ...sample, id: 'parts', steps }], stage });
    assert.match(results.flatMap(problemsOf).join('\n'), complaint);
  });
}

const brokenExpectations: readonly [what: string, change: Partial<Expectation>, complaint: RegExp][] = [
  ['an answer', { answer: 'wait/bad-request' }, /the answer is result, not wait\/bad-request/],
  ['a dropped device', { kept: false }, /the server keeps the device/],
  ['a push too many', { pushes: [] }, /1 push too many/],
  ['a push too few', { pushes: [{ kind: 'alert' }, { kind: 'alert' }] }, /push 2 did not come/],
  ['what the phone shows', { shows: { kind: 'ringing' } }, /the phone shows kind notification, not ringing/],
  ['a field of the JSON', { opened: { unread: 7 } }, /unread in the JSON is \d, not 7/],
  ['a field that should be absent', { opened: { type: null } }, /type in the JSON is chat, not null/],
  ['what the phone must not open', { unopened: true }, /the phone opens what it should not/],
  ['a piece of the stanza', { stanza: { has: ['nothing of the kind'] } }, /the stanza lacks nothing of the kind/],
  ['a piece too many', { stanza: { lacks: ['pubsub'] } }, /the stanza has pubsub/],
];
for (const [what, change, complaint] of brokenExpectations) {
  test(`scenarios - ${what} counts, and what differs is said`, async () => {
    const [sample] = selectScenarios(scenarios, ['sealed-message-for-a-week']);
    assert.ok(sample);
    const steps = sample.steps.map((step) =>
      step.do === 'happen' ? { ...step, expect: { ...step.expect, ...change } } : step,
    );
    const { results } = await runScenarios({ scenarios: [{ ...sample, id: 'expectations', steps }], stage });
    assert.match(results.flatMap(problemsOf).join('\n'), complaint);
  });
}

test('scenarios - a scenario that breaks down has failed, and the others go on', async () => {
  const [sample] = selectScenarios(scenarios, ['sealed-message-for-a-week']);
  assert.ok(sample);
  const broken: Scenario = { ...sample, id: 'broken', steps: [{ do: 'ask-server', xml: '<enable', expect: 'result' }] };
  const { results } = await runScenarios({ scenarios: [broken, { ...sample, id: 'sound' }], stage });
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['failed', 'passed'],
  );
  assert.match(results.flatMap(problemsOf).join(), /broke down: /);
});

test('scenarios - words choose by id, paragraph, phone and convention; one that means nothing is an error', () => {
  assert.ok(selectScenarios(scenarios, ['omemo-']).every(({ id }) => id.startsWith('omemo-')));
  assert.ok(selectScenarios(scenarios, ['encrypt/4.3']).length >= 3);
  assert.deepEqual(new Set(selectScenarios(scenarios, ['raw-token']).map(({ phone }) => phone)), new Set(['monal']));
  assert.throws(() => selectScenarios(scenarios, ['nothing']), /^Error: no scenario is meant by nothing$/);
});
