/** Runs scenarios on one stage, several at a time. */
import type { Scenario } from '../scenarios/scenario.ts';
import { phones } from '../scenarios/phones.ts';
import { isTroubled, playScenario, type PlayedScenario } from './player.ts';
import type { Passage, ScenarioResult } from './result.ts';
import type { RunReport } from './run-report.ts';
import { proveHealth } from './proof.ts';
import { createTurns } from './turns.ts';
import type { ScenarioStage } from './environment.ts';
import { type Fault, interrupted, judgeRun } from './verdict.ts';

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
  /** Scenarios that were not asked for: the verdict says that it knows nothing of them. */
  readonly leftOut?: readonly Scenario[];
  /** What makes the run red whatever the scenarios say. */
  readonly faults?: readonly Fault[];
}

/** Resolves with all results, in the order of the scenarios; a scenario that breaks down has failed. */
export async function runScenarios(options: RunOptions): Promise<RunReport> {
  const { scenarios, stage, concurrency = 12, onResult, signal } = options;
  const { clock } = stage;
  const [startedAtMs, beganAtMs] = [clock.now(), clock.monotonic()];
  const results: ScenarioResult[] = [];
  const played: { readonly index: number; readonly scenario: PlayedScenario }[] = [];
  const turns = createTurns();
  const indices = new Map(scenarios.map((scenario, index) => [scenario, index]));

  function finish(result: ScenarioResult): void {
    results[indices.get(result.scenario) ?? 0] = result;
    onResult?.(result);
  }

  async function playAll(chosen: readonly Scenario[], atATime: number): Promise<void> {
    const left = chosen.values();
    const work = async () => {
      for (const scenario of left) finish(signal?.aborted ? skipped(scenario, interrupted) : await playOne(scenario));
    };
    await Promise.all(Array.from({ length: Math.min(atATime, chosen.length) }, work));
  }

  async function playOne(scenario: Scenario): Promise<ScenarioResult> {
    const atMs = clock.monotonic();
    try {
      const scene = await playScenario(scenario, stage, turns);
      played.push({ index: indices.get(scenario) ?? 0, scenario: scene });
      return conclude(scenario, scene.passages, clock.monotonic() - atMs);
    } catch (error) {
      const problem = `broke down: ${error instanceof Error ? error.message : 'for no reason'}`;
      return conclude(scenario, [{ what: 'the run', pushes: [], problems: [problem] }], clock.monotonic() - atMs);
    }
  }

  const playable = scenarios.filter((scenario) => {
    const reason = options.skip?.(scenario);
    if (reason !== undefined) finish(skipped(scenario, reason));
    return reason === undefined;
  });
  if (stage.hasApps && playable.some(({ proven }) => proven)) await proveHealth(stage);
  const { first, usual, troubled } = inPhases(playable);
  await playAll(first, concurrency);
  await playAll(usual, concurrency);
  // All at once: they wait for each other at the provider, and for their pushes together.
  await playAll(troubled, troubled.length);
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
    finish(conclude(result.scenario, passages, result.durationMs));
  }
  const verdict = judgeRun(results, { leftOut: options.leftOut ?? [], faults: options.faults ?? [] });
  return { results, verdict, startedAtMs, durationMs: clock.monotonic() - beganAtMs };
}

/**
 * One scenario for each provider comes before the rest: APNs allows a fresh connection one request until it has seen a
 * valid provider token, and a component need not be able to begin with a dozen at once. Those in which a provider breaks
 * connections or refuses come last: they would hit the others.
 */
function inPhases(scenarios: readonly Scenario[]) {
  const [troubled, usual] = [scenarios.filter(isTroubled), scenarios.filter((scenario) => !isTroubled(scenario))];
  const byProvider = Map.groupBy(usual, ({ phone }) => phones[phone].provider);
  const first = [...byProvider.values()].flatMap((group) => group.slice(0, 1));
  return { first, usual: usual.filter((scenario) => !first.includes(scenario)), troubled };
}

function skipped(scenario: Scenario, reason: string): ScenarioResult {
  return { scenario, outcome: 'skipped', reason, durationMs: 0, passages: [] };
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
