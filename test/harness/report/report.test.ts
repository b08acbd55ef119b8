import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'ltx';
import { type Browser, chromium, type Page } from 'playwright-core';
import { writeHtml } from '../../../src/harness/report/html.ts';
import { writeJunit } from '../../../src/harness/report/junit.ts';
import type { ScenarioResult } from '../../../src/harness/runner/result.ts';
import type { RunReport } from '../../../src/harness/runner/run-report.ts';
import { judgeRun } from '../../../src/harness/runner/verdict.ts';
import { scenarios } from '../../../src/harness/scenarios/all.ts';
import { missingPackage } from '../../support/debian.ts';

const [first, second, third] = scenarios;
if (!first || !second || !third) throw new Error('there are no scenarios');

const passage: ScenarioResult['passages'][number] = {
  what: 'the server publishes: message',
  json: '{"unread":1,"message":"<script>alert(1)</script>"}',
  stanza: `<iq type='set'><encrypted iv='AAAA'>${'A'.repeat(3000)}</encrypted></iq>`,
  answer: 'wait/internal-server-error',
  answeredAfterMs: 12.4,
  pushes: [
    {
      provider: 'apns',
      to: 'first',
      headers: { 'apns-push-type': 'alert', 'apns-priority': '10' },
      body: { aps: { alert: { body: 'New message!' } }, account: 'romeo@montague.example' },
      bytes: 213,
      status: 410,
      reason: 'Unregistered',
      afterMs: 7.2,
    },
  ],
  opened: '{"unread":1}',
  shown: { kind: 'notification', text: 'New message!' },
  problems: ['the answer is wait/internal-server-error, not "result" & <nothing> else\u0001'],
};

const results: readonly ScenarioResult[] = [
  {
    scenario: first,
    outcome: 'passed',
    durationMs: 12,
    passages: [{ what: 'registers', answer: 'registered', pushes: [], problems: [] }],
  },
  { scenario: second, outcome: 'failed', durationMs: 34, passages: [passage] },
  { scenario: third, outcome: 'skipped', reason: 'needs <an app>', durationMs: 0, passages: [] },
];
const report: RunReport = {
  startedAtMs: Date.UTC(2026, 10, 1),
  durationMs: 1234.5,
  results,
  verdict: judgeRun(results, { leftOut: [], faults: [{ problem: 'no <id> is listed', advice: 'list one' }] }),
};

test('report - JUnit has a case for each scenario, and is XML whatever the problem says', () => {
  const suites = parse(writeJunit(report).replace(/^<\?xml.*\n/, ''));
  const [suite] = suites.getChildren('testsuite');
  assert.deepEqual([suite?.attrs['tests'], suite?.attrs['failures'], suite?.attrs['skipped']], ['3', '1', '1']);
  const cases = suite?.getChildren('testcase') ?? [];
  assert.equal(cases[0]?.attrs['name'], `${first.id}: ${first.title}`);
  assert.equal(
    cases[1]?.getChildText('failure'),
    'the server publishes: message: the answer is wait/internal-server-error, not "result" & <nothing> else\ufffd',
  );
  assert.equal(cases[2]?.getChild('skipped')?.attrs['message'], 'needs <an app>');
});

test('report - the page loads nothing and runs nothing', () => {
  const html = writeHtml(report);
  assert.ok(!/<script|<link|<img|<iframe|\ssrc=|@import|url\(/i.test(html));
  assert.ok(html.includes(`default-src 'none'`));
  assert.ok(html.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
});

const chromiumFile = '/usr/bin/chromium';
const skip = missingPackage('chromium', chromiumFile);

test('report - in a real browser', { skip }, async (context) => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealpost-report-'));
    // No sandbox: containers have none to give, and the page is ours.
    browser = await chromium.launch({ executablePath: chromiumFile, args: ['--no-sandbox'] });
    page = await browser.newPage({ offline: true });
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  after(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  async function open(shown: RunReport): Promise<string> {
    const file = join(folder, 'report.html');
    await writeFile(file, writeHtml(shown));
    requests.length = 0;
    await page.goto(`file://${file}`);
    return `file://${file}`;
  }

  await context.test(
    'every scenario is shown, the failed one open, without network and without complaint',
    async () => {
      const all = scenarios.map((scenario): ScenarioResult => ({
        scenario,
        outcome: 'passed',
        durationMs: 1,
        passages: [passage],
      }));
      const url = await open({
        ...report,
        results: [...report.results.slice(1, 2), ...all.filter(({ scenario }) => scenario !== second)],
      });
      assert.equal(await page.locator('details').count(), scenarios.length);
      const titles = await page.locator('summary .title').allInnerTexts();
      assert.deepEqual(titles.toSorted(), scenarios.map(({ title }) => title).toSorted());
      assert.deepEqual(await page.locator('details[open]').evaluateAll((found) => found.map(({ id }) => id)), [
        second.id,
      ]);
      assert.deepEqual(requests, [url]);
      assert.deepEqual(complaints, []);
    },
  );

  await context.test('what differed is to be seen, and the way as a picture with a text of its own', async () => {
    await open(report);
    assert.ok(
      await page
        .locator(`#${second.id}`)
        .getByText('the answer is wait/internal-server-error, not "result"')
        .isVisible(),
    );
    const picture = page.locator(`#${second.id} svg[role=img]`);
    assert.ok(await picture.isVisible());
    assert.match(
      (await picture.getAttribute('aria-label')) ?? '',
      /^The XMPP server sent [\d,]+ bytes, the answer was wait/,
    );
    for (const text of ['410, 7 ms', '213 B', 'notification'])
      assert.ok((await picture.textContent())?.includes(text), text);
    assert.ok(await page.getByText(/^Skipped: needs <an app>$/).count());
  });

  await context.test('keys alone open and close a scenario, and lead from the list of failures to it', async () => {
    await open(report);
    await page.locator(`#${first.id} summary`).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.locator(`#${first.id}`).evaluate((found) => found.hasAttribute('open')), true);
    await page.getByRole('link', { name: second.title }).press('Enter');
    assert.equal(new URL(page.url()).hash, `#${second.id}`);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      await context.test(`it is accessible, ${colorScheme} and ${width} wide`, async () => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await open(report);
        await page.locator('details').evaluateAll((found) => found.forEach((each) => each.setAttribute('open', '')));
        // The policy of the page lets no script in; the browser's own console is not bound by it.
        const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
        const found = await page.evaluate(
          `${axe}; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] })`,
        );
        const { violations, passes } = found as {
          violations: { id: string; nodes: { html: string }[] }[];
          passes: unknown[];
        };
        assert.deepEqual(
          violations.map(({ id, nodes }) => [id, nodes[0]?.html]),
          [],
        );
        assert.ok(passes.length > 10);
        const overflows = await page.evaluate(
          'document.documentElement.scrollWidth > document.documentElement.clientWidth',
        );
        assert.equal(overflows, false);
      });
    }
  }
});
