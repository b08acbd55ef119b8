/** JUnit's XML, as CI systems read it. */
import { escapeXML } from 'ltx';
import { problemsOf, type RunReport, type ScenarioResult } from '../runner/result.ts';

export function writeJunit({ results, durationMs, startedAtMs }: RunReport): string {
  const count = (outcome: ScenarioResult['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const attributes =
    `name="sealpost harness" tests="${results.length}" failures="${count('failed')}" errors="0"` +
    ` skipped="${count('skipped')}" time="${seconds(durationMs)}" timestamp="${new Date(startedAtMs).toISOString()}"`;
  const cases = results.map((result) => {
    const { scenario, outcome } = result;
    const name = escape(`${scenario.id}: ${scenario.title}`);
    const start = `    <testcase classname="sealpost.harness" name="${name}" time="${seconds(result.durationMs)}"`;
    if (outcome === 'passed') return `${start}/>`;
    if (outcome === 'skipped') return `${start}><skipped message="${escape(result.reason ?? '')}"/></testcase>`;
    const problems = problemsOf(result);
    const first = escape(problems[0] ?? '');
    return `${start}><failure message="${first}">${escape(problems.join('\n'))}</failure></testcase>`;
  });
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${attributes}>\n  <testsuite ${attributes}>\n` +
    `${cases.join('\n')}\n  </testsuite>\n</testsuites>\n`
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** What XML 1.0 cannot hold at all is replaced. */
function escape(text: string): string {
  // eslint-disable-next-line no-control-regex
  return escapeXML(text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd'));
}
