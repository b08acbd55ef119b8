import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { parse } from 'ltx';
import { writeHtml } from '../../../src/harness/report/html.ts';
import { writeJunit } from '../../../src/harness/report/junit.ts';
import { createTerminal } from '../../../src/harness/report/terminal.ts';
import { describeVerdict, writeVerdict } from '../../../src/harness/report/verdict-lines.ts';
import type { ScenarioResult } from '../../../src/harness/runner/result.ts';
import { judgeRun } from '../../../src/harness/runner/verdict.ts';
import { scenarios } from '../../../src/harness/scenarios/all.ts';

const cause = 'the ciphertext was cut to 60 of 156 characters';

function result(id: string, problem?: string): ScenarioResult {
  const scenario = scenarios.find((each) => each.id === id);
  assert.ok(scenario, id);
  const passages = [
    { what: 'the server publishes: message', pushes: [], problems: problem === undefined ? [] : [problem] },
  ];
  return { scenario, outcome: problem === undefined ? 'passed' : 'failed', durationMs: 1, passages };
}

const results: readonly ScenarioResult[] = [
  result('sealed-message', `the push: ${cause}`),
  result('zero-tag', 'the push: the ciphertext was cut to 60 of 204 characters'),
  result('call-rings'),
  { ...result('p2'), outcome: 'skipped', reason: 'belongs to the convention p2 (--convention p2)' },
];
const verdict = judgeRun(results, { leftOut: [], faults: [{ problem: 'no id is listed', advice: 'list one' }] });
const report = { results, verdict, durationMs: 1000, startedAtMs: 0 };

test('verdict lines - a cause stands on one line, capabilities and what was not played on theirs', () => {
  let text = '';
  const output = new Writable({ write: (chunk: Buffer, _encoding, done) => ((text += chunk.toString()), done()) });
  writeVerdict(createTerminal(output, {}), verdict);
  assert.deepEqual(text.trimEnd().split('\n'), [
    '',
    '  Capabilities',
    `  ✗ ${'Sealed messages, APNs'.padEnd(50)} broken, 0 of 2 scenarios`,
    `  ✓ ${'Sealed calls, APNs'.padEnd(52)} held, 1 of 1 scenarios`,
    '  – not played: belongs to the convention p2 (--convention p2)',
    '    Registering, FCM, p2',
    '',
    '  What is wrong',
    '  ✗ no id is listed',
    '    To do: list one.',
    `  ✗ ${cause} (2 scenarios)`,
    '    sealed-message, zero-tag',
  ]);
});

test('verdict lines - the verdict is a sentence', () => {
  assert.equal(describeVerdict(verdict), 'Red: 1 capability broken, 1 held, by 2 causes');
  const green = judgeRun([result('call-rings')], { leftOut: [], faults: [] });
  assert.equal(describeVerdict(green), 'Green: 1 capability held');
});

test('verdict lines - JUnit has each cause once, as the failure of what it breaks, and each fault', () => {
  const [, suite] = parse(writeJunit(report).replace(/^<\?xml.*\n/, '')).getChildren('testsuite');
  const cases = suite?.getChildren('testcase') ?? [];
  assert.deepEqual(
    cases.map((each) => [
      each.attrs['name'],
      each.getChildText('failure') ?? (each.getChild('skipped')?.attrs['message'] as string | undefined),
    ]),
    [
      ['Sealed messages, APNs', `${cause} (2 scenarios)`],
      ['Sealed calls, APNs', undefined],
      ['Registering, FCM, p2', 'belongs to the convention p2 (--convention p2)'],
      ['The run', 'no id is listed\nTo do: list one.'],
    ].toSorted((one, other) => order(one[0]) - order(other[0])),
  );
});

/** As capabilities are listed: registering comes before messages. */
function order(title: string | undefined): number {
  return ['Registering, FCM, p2', 'Sealed messages, APNs', 'Sealed calls, APNs', 'The run'].indexOf(title ?? '');
}

test('verdict lines - the page has each cause once above the scenarios, with links to them', () => {
  const html = writeHtml(report);
  assert.equal(html.split(`<li>${cause}<ul>`).length, 2);
  assert.ok(html.includes('<a href="#zero-tag">'));
  assert.ok(html.includes('no id is listed<p class="dim">To do: list one.</p>'));
  assert.ok(html.includes('<td class="failed">broken</td><td>0 of 2 scenarios</td>'));
});
