/** A run as one page that needs nothing from elsewhere: per scenario the way of each notification, and what differed. */
import { escapeXML } from 'ltx';
import { drawPassage } from './picture.ts';
import { reportStyle } from './style.ts';
import { describeVerdict } from './verdict-lines.ts';
import type { Passage, ScenarioResult, SeenPush } from '../runner/result.ts';
import type { RunReport } from '../runner/run-report.ts';
import type { Verdict } from '../runner/verdict.ts';

const marks = { passed: '✓', failed: '✗', skipped: '–' } as const;

export function writeHtml(report: RunReport): string {
  const { results, verdict: judged, durationMs, startedAtMs } = report;
  const of = (outcome: ScenarioResult['outcome']) => results.filter((result) => result.outcome === outcome);
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')];
  const verdict =
    failed.length === 0
      ? `<span class="passed">${passed.length} scenarios passed</span>`
      : `<span class="failed">${failed.length} of ${results.length - skipped.length} scenarios failed</span>`;
  const aside = skipped.length > 0 ? `, <span class="skipped">${skipped.length} skipped</span>` : '';
  const bar = (['passed', 'failed', 'skipped'] as const)
    .map((outcome) => `<span class="${outcome}" style="flex:${of(outcome).length}"></span>`)
    .join('');
  const titles = new Map(failed.map(({ scenario }) => [scenario.id, scenario.title]));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sealpost harness: ${judged.isGreen ? 'green' : 'red'}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>Sealpost harness</h1>
<p class="${judged.isGreen ? 'passed' : 'failed'}">${text(describeVerdict(judged))}</p>
<p>${verdict}${aside} in ${(durationMs / 1000).toFixed(1)} s <span class="dim">· ${new Date(startedAtMs).toISOString()}</span></p>
<div class="bar" aria-hidden="true">${bar}</div>
</header>
<main>
${writeCauses(judged, titles)}<h2>Capabilities</h2>
${writeCapabilities(judged)}
<h2>Scenarios</h2>
${results.map(writeScenario).join('\n')}
</main>
</body>
</html>
`;
}

/** What is wrong, each cause once, with the scenarios that found it. */
function writeCauses({ faults, causes }: Verdict, titles: ReadonlyMap<string, string>): string {
  if (faults.length + causes.length === 0) return '';
  const others = faults.map(
    ({ problem, advice }) => `<li>${text(problem)}<p class="dim">To do: ${text(advice)}.</p></li>`,
  );
  const links = (ids: readonly string[]) =>
    ids.map((id) => `<li><a href="#${id}">${text(titles.get(id) ?? id)}</a></li>`).join('');
  const found = causes.map(({ text: cause, scenarios }) => `<li>${text(cause)}<ul>${links(scenarios)}</ul></li>`);
  return `<h2>What is wrong</h2>\n<ul class="causes">${others.join('')}${found.join('')}</ul>\n`;
}

function writeCapabilities({ capabilities }: Verdict): string {
  const tones = { held: 'passed', broken: 'failed', 'not played': 'skipped' } as const;
  const rows = capabilities.map(({ title, outcome, why, passed, of }) => {
    const detail = outcome === 'not played' ? text(why ?? '') : `${passed} of ${of} scenarios`;
    return `<tr><th scope="row">${text(title)}</th><td class="${tones[outcome]}">${outcome}</td><td>${detail}</td></tr>`;
  });
  const head = ['Capability', 'Outcome', 'Scenarios'].map((name) => `<th scope="col">${name}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function writeScenario(result: ScenarioResult): string {
  const { scenario, outcome, reason, durationMs, passages } = result;
  const open = outcome === 'failed' ? ' open' : '';
  const why = reason === undefined ? '' : `<p class="skipped">Skipped: ${text(reason)}</p>`;
  const facts = [
    ['Id', scenario.id],
    ['Holds', scenario.paragraphs.join(', ')],
    ['Phone', scenario.phone],
    ['XMPP server', scenario.server ?? 'reference'],
  ].map(([name, value]) => `<dt>${name}</dt><dd>${text(value ?? '')}</dd>`);
  return (
    `<details id="${scenario.id}"${open}><summary><span class="mark ${outcome}" aria-hidden="true">${marks[outcome]}</span>` +
    `<span class="title">${text(scenario.title)}</span><span class="${outcome}">${outcome}</span>` +
    `<span class="time">${Math.round(durationMs)} ms</span></summary>` +
    `<div class="inside"><dl>${facts.join('')}</dl>${why}${passages.map(writePassage).join('')}</div></details>`
  );
}

function writePassage(passage: Passage, index: number): string {
  const { what, answer, stanza, json, pushes, opened, shown, problems } = passage;
  const wrong = problems.map((problem) => `<li>${text(problem)}</li>`).join('');
  return [
    `<h3>${index + 1}. ${text(shortenLong(what))}</h3>`,
    wrong && `<ul class="problems">${wrong}</ul>`,
    drawPassage(passage),
    stanza === undefined && answer !== undefined ? `<p class="dim">Answer: ${text(answer)}</p>` : '',
    block('JSON before sealing', json),
    block('Stanza', stanza),
    stanza !== undefined && answer !== undefined ? `<p>Answer: <code>${text(answer)}</code></p>` : '',
    ...pushes.map(writePush),
    block('The phone reads', opened),
    shown ? `<p>The phone: <code>${text(JSON.stringify(shown))}</code></p>` : '',
  ].join('');
}

function writePush({ provider, to, headers, body, bytes, status, reason, afterMs }: SeenPush): string {
  const answered = status === 0 ? 'no answer' : `${status}${reason === undefined ? '' : ` ${reason}`}`;
  const title = `${provider === 'apns' ? 'APNs' : 'FCM'}, ${to} token, ${bytes} bytes, ${answered}, after ${Math.round(afterMs)} ms`;
  const named = Object.entries(headers).filter(([name]) => name.startsWith('apns-'));
  const lines = [...named.map(([name, value]) => `${name}: ${value}`), JSON.stringify(body)];
  return block(title, lines.join('\n'));
}

function block(title: string, content: string | undefined): string {
  return content === undefined ? '' : `<p class="dim">${text(title)}</p><pre>${text(shortenLong(content))}</pre>`;
}

/** Long runs without a space, ciphertexts mostly, keep their ends alone. */
function shortenLong(content: string): string {
  const short = content.replaceAll(/[A-Za-z0-9+/=]{161,}/g, (run) => {
    return `${run.slice(0, 60)} … ${run.length - 100} more … ${run.slice(-40)}`;
  });
  return short.length <= 4000 ? short : `${short.slice(0, 3000)} … ${short.length - 3500} more … ${short.slice(-500)}`;
}

function text(value: string): string {
  return escapeXML(value.toWellFormed());
}
