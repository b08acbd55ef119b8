import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setScenarioStage } from '../../src/harness/runner/environment.ts';
import { runScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import { paragraphs } from '../../src/harness/scenarios/paragraphs.ts';
import { startInProcess, stageParts } from '../harness/in-process.ts';
import { apply, loadMutant, loadMutantHarness, type Mutant } from '../harness/mutants.ts';
import { brokenSentences } from '../harness/sentences.ts';

const harness = { setScenarioStage, runScenarios };

/** Plays, with one line changed, the scenarios that hold the sentence. */
async function play(paragraph: string, mutant: Mutant): Promise<readonly string[]> {
  const isOfHarness = mutant.file.startsWith('harness/');
  const startServer = isOfHarness ? startInProcess() : startInProcess(await loadMutant(mutant));
  const { setScenarioStage: setStage, runScenarios: run } = isOfHarness ? await loadMutantHarness(mutant) : harness;
  const stage = await setStage({ ...stageParts, startServer });
  const abort = new AbortController();
  try {
    const { results } = await run({
      scenarios: scenarios.filter((scenario) => scenario.paragraphs.includes(paragraph)),
      stage,
      signal: abort.signal,
      onResult: ({ outcome }) => outcome === 'failed' && abort.abort(),
    });
    return results.filter(({ outcome }) => outcome === 'failed').map(({ scenario }) => scenario.id);
  } catch (error) {
    // By these messages an app proves its health before the scenarios.
    assert.match(String(error), /^Error: not even a message to a new device arrives: /);
    return ['before the scenarios'];
  } finally {
    await stage.close();
  }
}

// Much of the time is waiting: for what does not come because the sentence is broken.
describe('sentences', { concurrency: 3 }, () => {
  test('each that scenarios hold is broken here, and no other', () => {
    const held = paragraphs.filter(({ apart }) => !apart).map(({ id }) => id);
    assert.deepEqual(brokenSentences.map(({ paragraph }) => paragraph).toSorted(), held.toSorted());
  });

  test('each is broken in a line that stands once in the source', () => {
    for (const { mutant } of brokenSentences) assert.ok(apply(mutant).includes(mutant.instead), mutant.name);
  });

  for (const { paragraph, mutant } of brokenSentences) {
    test(`${paragraph} broken is noticed by a scenario that holds it`, async () => {
      assert.notDeepEqual(await play(paragraph, mutant), []);
    });
  }
});
