import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runScenarios } from '../../../src/harness/runner/run-scenarios.ts';
import { problemsOf } from '../../../src/harness/runner/result.ts';
import { setScenarioStage } from '../../../src/harness/runner/environment.ts';
import type { Scenario, Step } from '../../../src/harness/scenarios/scenario.ts';
import { groupchat, message, ready } from '../../../src/harness/scenarios/fixtures.ts';
import { stageParts } from '../in-process.ts';
import { type Defect, startSmallComponent } from '../small-component.ts';

/** What the run says of a phone to which this happens, with a component that has the defect. */
async function play(t: TestContext, steps: readonly Step[], defect?: Defect): Promise<string[]> {
  const stage = await setScenarioStage({ ...stageParts, startServer: startSmallComponent(defect) });
  t.after(() => stage.close());
  const scenario: Scenario = {
    id: 'played',
    title: 'Played',
    paragraphs: [],
    scope: 'any',
    capability: 'sealed-alert',
    phone: 'siskin',
    // Leaves the names of a group chat in clear beside the ciphertext.
    server: 'tigase',
    steps: [...ready, ...steps],
  };
  const { results } = await runScenarios({ scenarios: [scenario], stage });
  return results.flatMap(problemsOf);
}

/** Says nothing about keys, so that only the words themselves are looked for. */
const anyAlert = { answer: 'result', pushes: [{ kind: 'alert' }] } as const;

test('scenario player - a component that hands on what stands in clear beside the ciphertext is found out', async (t) => {
  const steps: Step[] = [{ do: 'happen', event: groupchat, expect: anyAlert }];
  assert.deepEqual(await play(t, steps, 'forwards-clear'), [
    'the server publishes: groupchat: the nickname travels in clear to the provider',
  ]);
  assert.deepEqual(await play(t, steps), []);
});

test('scenario player - a ciphertext that arrives cut is found out, and how much of it came', async (t) => {
  const steps: Step[] = [{ do: 'happen', event: message, expect: anyAlert }];
  const [problem, ...others] = await play(t, steps, 'cuts-ciphertext');
  assert.deepEqual(others, []);
  assert.match(problem ?? '', /^the server publishes: message: the ciphertext was cut to \d+ of \d+ characters$/);
});

test('scenario player - a push that is lost behind a result is found out', async (t) => {
  const steps: Step[] = [{ do: 'happen', event: message, expect: anyAlert }];
  assert.deepEqual(await play(t, steps, 'loses-pushes'), ['the server publishes: message: the push did not come']);
});

test('scenario player - after a step with a problem no other is played', async (t) => {
  const step: Step = { do: 'happen', event: message, expect: { answer: 'wait/bad-request', pushes: anyAlert.pushes } };
  assert.deepEqual(await play(t, [step, step, step]), [
    'the server publishes: message: the answer is result, not wait/bad-request',
  ]);
});

test('scenario player - an answer that costs the phone its registration is found out', async (t) => {
  const steps: Step[] = [{ do: 'happen', event: message, expect: { answer: 'result', pushes: [] } }];
  assert.deepEqual(await play(t, steps, 'item-not-found'), [
    'the server publishes: message: the answer is cancel/item-not-found, not result',
    'the server publishes: message: the server drops the device',
  ]);
});
