/** Runs scenarios on one stage, several at a time. */
import type { Scenario } from '../scenarios/scenario.ts';
import { phones } from '../scenarios/phones.ts';
import { playScenario, type PlayedScenario } from './player.ts';
import type { Passage, RunReport, ScenarioResult } from './result.ts';
import { proveHealth } from './proof.ts';
import type { ScenarioStage } from './environment.ts';

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly stage: ScenarioStage;
  /** Why a scenario cannot be played here; `undefined`: it can. */
  readonly skip?: (scenario: Scenario) => string | undefined;
  /** How many at a time. Default 12: most of the time is waiting, and one app must not see ten failures in a row. */
  readonly concurrency?: number;
  /** Called with each result as it comes, in no order. */
  readonly onResult?: (result: ScenarioResult) => void;
  /** No scenario begins afterwards; those that did not are skipped. */
  readonly signal?: AbortSignal;
}

/** Resolves with all results, in the order of the scenarios; a scenario that breaks down has failed. */
export async function runScenarios(options: RunOptions): Promise<RunReport> {
  const { scenarios, stage, concurrency = 12, onResult, signal } = options;
  const { clock } = stage;
  const [startedAtMs, beganAtMs] = [clock.now(), clock.monotonic()];
  const results: ScenarioResult[] = [];
  const played: { readonly index: number; readonly scenario: PlayedScenario }[] = [];
  let next = 0;

  async function work(): Promise<void> {
    for (let index = next++; index < scenarios.length; index = next++) {
      const scenario = scenarios[index];
      if (!scenario) return;
      const reason = signal?.aborted ? 'interrupted' : options.skip?.(scenario);
      const result =
        reason === undefined
          ? await playOne(index, scenario)
          : ({ scenario, outcome: 'skipped', reason, durationMs: 0, passages: [] } as const);
      results[index] = result;
      onResult?.(result);
    }
  }

  async function playOne(index: number, scenario: Scenario): Promise<ScenarioResult> {
    const atMs = clock.monotonic();
    try {
      const scene = await playScenario(scenario, stage);
      played.push({ index, scenario: scene });
      return conclude(scenario, scene.passages, clock.monotonic() - atMs);
    } catch (error) {
      const problem = `broke down: ${error instanceof Error ? error.message : 'for no reason'}`;
      return conclude(scenario, [{ what: 'the run', pushes: [], problems: [problem] }], clock.monotonic() - atMs);
    }
  }

  if (stage.hasApps && scenarios.some(({ proven }) => proven)) await proveHealth(stage);
  await Promise.all(Array.from({ length: Math.min(concurrency, scenarios.length) }, work));
  // What nobody expected may come at any time, up to here.
  for (const { index, scenario } of played) {
    scenario.end();
    const result = results[index];
    const more = scenario.surplus().length;
    if (!result || more === 0 || result.outcome === 'failed') continue;
    const problem = `${more} push${more > 1 ? 'es' : ''} more than expected came afterwards`;
    const passages: readonly Passage[] = [
      ...result.passages,
      { what: 'after the end', pushes: [], problems: [problem] },
    ];
    results[index] = conclude(result.scenario, passages, result.durationMs);
    onResult?.(results[index]);
  }
  return { results, startedAtMs, durationMs: clock.monotonic() - beganAtMs };
}

function conclude(scenario: Scenario, passages: readonly Passage[], durationMs: number): ScenarioResult {
  const failed = passages.some(({ problems }) => problems.length > 0);
  return { scenario, outcome: failed ? 'failed' : 'passed', durationMs, passages };
}

/**
 * Scenarios by what people ask for: ids, their beginnings, paragraphs, or kinds of phone.
 * @throws Error when nothing is meant by a word
 */
export function selectScenarios(scenarios: readonly Scenario[], words: readonly string[]): readonly Scenario[] {
  if (words.length === 0) return scenarios;
  const isMeant = (scenario: Scenario, word: string) =>
    scenario.id.startsWith(word) ||
    scenario.phone === word ||
    phones[scenario.phone].convention === word ||
    scenario.paragraphs.some((paragraph) => paragraph.startsWith(word));
  for (const word of words) {
    if (!scenarios.some((scenario) => isMeant(scenario, word))) throw new Error(`no scenario is meant by ${word}`);
  }
  return scenarios.filter((scenario) => words.some((word) => isMeant(scenario, word)));
}
