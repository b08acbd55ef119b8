/** `sealpost harness run`, and the reports that it shares with `serve`. */
import { writeFile } from 'node:fs/promises';
import type { CommandIo } from './io.ts';
import { type ExitCode, readArguments } from '../command.ts';
import { writeHtml } from '../../harness/report/html.ts';
import { writeJunit } from '../../harness/report/junit.ts';
import { runScenarios, selectScenarios } from '../../harness/runner/run-scenarios.ts';
import { createRunView } from '../../harness/runner/run-view.ts';
import { problemsOf } from '../../harness/runner/result.ts';
import type { RunReport } from '../../harness/runner/run-report.ts';
import type { Fault } from '../../harness/runner/verdict.ts';
import { type ScenarioStage, setScenarioStage } from '../../harness/runner/environment.ts';
import { scenarios } from '../../harness/scenarios/all.ts';
import type { Scenario } from '../../harness/scenarios/scenario.ts';
import { createTerminal } from '../../harness/report/terminal.ts';

/** Options that `run` and `serve` share. */
export const reportOptions = {
  only: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  junit: { type: 'string' },
  html: { type: 'string' },
} as const;

export interface ReportValues {
  readonly only?: string[] | undefined;
  readonly json?: boolean | undefined;
  readonly junit?: string | undefined;
  readonly html?: string | undefined;
}

/** `sealpost harness run`. Exits with 0 if no scenario failed. */
export async function runCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values } = readArguments({ args: [...args], options: { ...reportOptions, list: { type: 'boolean' } } });
  const chosen = selectScenarios(scenarios, values.only ?? []);
  if (values.list) {
    for (const { id, title } of chosen) io.output.write(`${id.padEnd(36)} ${title}\n`);
    return 0;
  }
  const stage = await setScenarioStage(io);
  try {
    const leftOut = scenarios.filter((scenario) => !chosen.includes(scenario));
    return await reportRun({ chosen, leftOut, faults: [] }, stage, values, io);
  } finally {
    await stage.close();
  }
}

/** What is played, and what the verdict must know beside it. */
export interface AskedRun {
  readonly chosen: readonly Scenario[];
  /** Scenarios that were not asked for. */
  readonly leftOut: readonly Scenario[];
  /** What was found before the first scenario and makes the run red. */
  readonly faults: readonly Fault[];
  readonly skip?: (scenario: Scenario) => string | undefined;
}

/** Plays the scenarios, shows each result and writes the requested reports. */
export async function reportRun(
  { chosen, leftOut, faults, skip }: AskedRun,
  stage: ScenarioStage,
  values: ReportValues,
  { output, errors, env, signal }: CommandIo,
): Promise<ExitCode> {
  // Standard output is for the JSON alone.
  const screen = values.json ? errors : output;
  const view = createRunView(createTerminal(screen, env), screen, chosen.length);
  const report = await runScenarios({
    scenarios: chosen,
    stage,
    signal,
    leftOut,
    faults,
    onResult: (result) => view.show(result),
    ...(skip && { skip }),
  });
  view.end(report);
  if (values.json) output.write(`${JSON.stringify(describeReport(report), undefined, 2)}\n`);
  if (values.junit !== undefined) await writeFile(values.junit, writeJunit(report));
  if (values.html !== undefined) await writeFile(values.html, writeHtml(report));
  return report.verdict.isGreen && !signal.aborted ? 0 : 1;
}

/** The report as JSON: the verdict, and for each scenario its id, its problems and every step. */
function describeReport({ results, verdict, durationMs, startedAtMs }: RunReport): object {
  return {
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Math.round(durationMs),
    verdict: verdict.isGreen ? 'green' : 'red',
    partial: verdict.isPartial,
    faults: verdict.faults,
    causes: verdict.causes,
    capabilities: verdict.capabilities.map(({ causes: _same, ...row }) => row),
    results: results.map((result) => {
      const { scenario, outcome, reason, passages } = result;
      const { id, title, paragraphs } = scenario;
      return {
        id,
        title,
        paragraphs,
        outcome,
        ...(reason !== undefined && { reason }),
        durationMs: Math.round(result.durationMs),
        problems: problemsOf(result),
        passages,
      };
    }),
  };
}
