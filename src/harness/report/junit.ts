/** JUnit's XML, as CI systems read it. */
import { escapeXML } from 'ltx';
import { describeCause } from '../runner/causes.ts';
import { problemsOf, type ScenarioResult } from '../runner/result.ts';
import type { RunReport } from '../runner/run-report.ts';
import type { Verdict } from '../runner/verdict.ts';

interface Case {
  readonly classname: string;
  readonly name: string;
  readonly durationMs: number;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What is wrong, or why it was skipped; the first line is its summary. */
  readonly lines: readonly string[];
}

/** One suite of scenarios, and one of capabilities, where each cause stands once. */
export function writeJunit({ results, verdict, durationMs, startedAtMs }: RunReport): string {
  const suites = [
    { name: 'sealpost harness', cases: results.map(scenarioCase), durationMs },
    { name: 'sealpost harness capabilities', cases: verdictCases(verdict), durationMs: 0 },
  ];
  const written = suites.map(({ name, cases, durationMs: lastedMs }) => {
    const start = `  <testsuite name="${name}" ${countCases(cases)} time="${seconds(lastedMs)}"`;
    return `${start} timestamp="${new Date(startedAtMs).toISOString()}">\n${cases.map(writeCase).join('\n')}\n  </testsuite>`;
  });
  const all = countCases(suites.flatMap(({ cases }) => cases));
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sealpost harness" ${all} time="${seconds(durationMs)}">\n` +
    `${written.join('\n')}\n</testsuites>\n`
  );
}

function scenarioCase(result: ScenarioResult): Case {
  const { scenario, outcome, durationMs } = result;
  const lines = outcome === 'skipped' ? [result.reason ?? ''] : problemsOf(result);
  return { classname: 'sealpost.harness', name: `${scenario.id}: ${scenario.title}`, durationMs, outcome, lines };
}

function verdictCases({ capabilities, faults }: Verdict): Case[] {
  const classname = 'sealpost.harness.capabilities';
  const outcomes = { held: 'passed', broken: 'failed', 'not played': 'skipped' } as const;
  const rows = capabilities.map(({ title, outcome, why, causes }): Case => ({
    classname,
    name: title,
    durationMs: 0,
    outcome: outcomes[outcome],
    lines: outcome === 'broken' ? causes.map(describeCause) : [why ?? ''],
  }));
  const others = faults.map(({ problem, advice }): Case => ({
    classname,
    name: 'The run',
    durationMs: 0,
    outcome: 'failed',
    lines: [problem, `To do: ${advice}.`],
  }));
  return [...rows, ...others];
}

function writeCase({ classname, name, durationMs, outcome, lines }: Case): string {
  const start = `    <testcase classname="${classname}" name="${escape(name)}" time="${seconds(durationMs)}"`;
  const first = escape(lines[0] ?? '');
  if (outcome === 'passed') return `${start}/>`;
  if (outcome === 'skipped') return `${start}><skipped message="${first}"/></testcase>`;
  return `${start}><failure message="${first}">${escape(lines.join('\n'))}</failure></testcase>`;
}

function countCases(cases: readonly Case[]): string {
  const count = (outcome: Case['outcome']) => cases.filter((each) => each.outcome === outcome).length;
  return `tests="${cases.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}"`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** What XML 1.0 cannot hold at all is replaced. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex
  return escapeXML(text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd'));
}
