import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ScenarioStage, setScenarioStage } from '../../src/harness/runner/environment.ts';
import { runScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import type { Expectation, PushExpectation, Scenario, Step } from '../../src/harness/scenarios/scenario.ts';
import { startInProcess, stageParts } from '../harness/in-process.ts';

let stage: ScenarioStage;
before(async () => void (stage = await setScenarioStage({ ...stageParts, startServer: startInProcess() })));
after(() => stage.close());

/** The same scenario with its last expectation changed, under another id. */
function breakLast(scenario: Scenario): Scenario {
  const index = scenario.steps.findLastIndex((step) => 'expect' in step || step.do === 'trouble');
  const steps = scenario.steps.map((step, at) => (at === index ? breakStep(step) : step));
  return { ...scenario, id: `${scenario.id}-broken`, steps };
}

function breakStep(step: Step): Step {
  switch (step.do) {
    case 'discover':
      return { ...step, expect: !step.expect };
    case 'wait':
      return { ...step, expect: breakPush(step.expect) };
    case 'happen':
    case 'publish':
      return { ...step, expect: breakExpectation(step.expect) };
    case 'register':
    case 'ask-server':
    case 'unregister':
      return { ...step, expect: 'something else' };
    case 'trouble':
      return { ...step, rule: step.rule === 'dead' ? 'alive' : 'dead' };
    case 'enable':
    case 'companion':
    case 'disable':
    case 'provider':
      return step;
  }
}

function breakExpectation(expected: Expectation): Expectation {
  const [first, ...rest] = expected.pushes;
  return first ? { ...expected, pushes: [breakPush(first), ...rest] } : { ...expected, answer: 'something else' };
}

function breakPush(push: PushExpectation): PushExpectation {
  // What may be an alert or a background push is broken by neither.
  const other = push.kind === 'carried' ? 'voip' : 'background';
  return { ...push, kind: push.kind === 'background' ? 'alert' : other };
}

test('scenarios - each fails when its expectation is broken', async () => {
  const { results } = await runScenarios({ scenarios: scenarios.map(breakLast), stage });
  const unmoved = results.filter(({ outcome }) => outcome !== 'failed').map(({ scenario }) => scenario.id);
  assert.deepEqual(unmoved, []);
});
