/** A run as one page that needs nothing from elsewhere: per scenario the way of each notification, and what differed. */
import { escapeXML } from 'ltx';
import { drawPassage } from './picture.ts';
import { reportStyle } from './style.ts';
import type { Passage, RunReport, ScenarioResult, SeenPush } from '../runner/result.ts';

const marks = { passed: '✓', failed: '✗', skipped: '–' } as const;

export function writeHtml(report: RunReport): string {
  const { results, durationMs, startedAtMs } = report;
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
  const failures = failed.map(({ scenario }) => `<li><a href="#${scenario.id}">${text(scenario.title)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sealpost harness: ${failed.length === 0 ? 'passed' : `${failed.length} failed`}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>Sealpost harness</h1>
<p>${verdict}${aside} in ${(durationMs / 1000).toFixed(1)} s <span class="dim">· ${new Date(startedAtMs).toISOString()}</span></p>
<div class="bar" aria-hidden="true">${bar}</div>
</header>
<main>
${failures.length > 0 ? `<h2>Failed</h2>\n<ul>${failures.join('')}</ul>\n` : ''}<h2>Scenarios</h2>
${results.map(writeScenario).join('\n')}
</main>
</body>
</html>
`;
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
