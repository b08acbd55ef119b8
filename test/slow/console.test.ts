import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { fingerprint } from '../../src/telemetry/log.ts';
import { missingPackage } from '../support/debian.ts';
import { publishOf, startOperated } from '../support/operator.ts';

const chromiumFile = '/usr/bin/chromium';
const skip = missingPackage('chromium', chromiumFile);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const token = 'c0ffee00'.repeat(8);

async function openPage(browser: Browser, url: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage(options);
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  /** What axe finds wrong. `evaluate` is not under the page's policy. */
  const violations = async (): Promise<readonly string[]> => {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { axe: checker } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations: found } = await checker.run();
      return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  };
  return { page, requests, complaints, violations };
}

/** Notes in the page whatever moves from here on. Not under the policy of the page. */
const watchShifts = `globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    globalThis.shifts.push(...entry.sources.map(({ node }) => entry.value + ' ' + (node && (node.id || node.className || node.nodeName))));
  }
}).observe({ type: 'layout-shift' });`;

/** Goes through the page by Tab alone: everything that can be used is reached once, in the order of the page, and seen. */
async function assertWalk(page: Page): Promise<void> {
  await page.evaluate('document.activeElement.blur()');
  const reached: string[] = [];
  await page.locator('h1').click();
  for (;;) {
    await page.keyboard.press('Tab');
    const [name, outline] = await page.evaluate<[string, string]>(
      `(({ activeElement: one }) => [
        one === document.body ? '' : (one.getAttribute('aria-valuetext') ? 'chart' : one.id || one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.textContent),
        getComputedStyle(one).outlineStyle,
      ])(document)`,
    );
    if (name === '') break;
    assert.equal(outline, 'solid', name);
    reached.push(name);
    assert.ok(reached.length < 50, reached.join('\n'));
  }
  assert.deepEqual(reached, [
    ...['Figures of each app', 'app', ...Array<string>(6).fill('chart'), 'List of failures', 'account', 'Find'],
    ...['Send a test push', 'Wake it up without showing anything', 'Ring it'],
  ]);
}

test('console - in a real browser', { skip }, async (t) => {
  const world = await startOperated(t);
  const { opsUrl } = world.sealpost;
  const secondToken = 'feed0001'.repeat(8);
  const node = await world.register({
    account: 'romeo@localhost',
    provider: 'tigase:messenger:apns:1',
    token,
    secondToken,
  });
  // No sandbox: containers have none to give, and the page is ours.
  const browser = await chromium.launch({ executablePath: chromiumFile, args: ['--no-sandbox'] });
  t.after(() => browser.close());

  for (const [what, options] of [
    ['light, on a desk', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
    ['dark, on a phone', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
  ] as const) {
    await t.test(`${what}: live, by keyboard, without complaint, violation or request to another host`, async () => {
      const { page, requests, complaints, violations } = await openPage(browser, opsUrl, options);
      assert.deepEqual(await violations(), []);
      assert.equal(await page.locator('#shown').isVisible(), false);
      await page.keyboard.press('Tab');
      await page.keyboard.type('admin-token');
      await page.keyboard.press('Enter');
      await page.getByText('All is well: every part works.').waitFor();
      await page.getByRole('row', { name: /siskin/ }).waitFor();
      // The second look tells rates, and the push shows in one of them.
      await world.ask(publishOf(`p-${what}`, node));
      await page.locator('#apps tr:last-child td:nth-child(2)').filter({ hasText: /[1-9]/ }).waitFor();
      // The history has a point each five seconds, and the push shows in one of them.
      const pushes = page.getByRole('slider', { name: 'Pushes a second, by result' });
      await pushes.locator('canvas').waitFor();
      assert.equal(await page.locator('#charts canvas').count(), 6);
      await pushes.focus();
      await page.keyboard.press('Home');
      const first = await pushes.getAttribute('aria-valuetext');
      assert.match(
        first ?? '',
        /^\d\d:\d\d:\d\d: accepted \S+, not taken yet \S+, dead token \S+, payload rejected \S+, provider refuses us \S+$/,
      );
      assert.notEqual(await page.locator('figure').nth(1).locator('.time').innerText(), 'now');
      await page.keyboard.press('ArrowRight');
      assert.notEqual(await pushes.getAttribute('aria-valuetext'), first);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('figure').nth(1).locator('.time').innerText(), 'now');
      await page.getByLabel('Charts of').selectOption('siskin');
      await pushes.locator('canvas').waitFor();

      await world.ask(publishOf(`unknown-${what}`, 'never-registered'));
      const failures = page.getByRole('region', { name: 'List of failures' });
      await failures.getByText('refused: the device was removed, or never was registered').waitFor();
      await failures.getByText('What to do: the user has to open the app, which registers again').waitFor();
      await page.locator('#links').getByText('push.localhost: up').waitFor();
      await page
        .locator('#credentials')
        .getByText(/No credential of the config expires|days left/)
        .first()
        .waitFor();
      await page.getByLabel('Account, fingerprint or begin of a token').fill('romeo@localhost');
      await page.keyboard.press('Enter');
      await page.getByText('The provider accepted the latest push').waitFor();
      assert.match(
        await page.locator('#devices h3').innerText(),
        new RegExp(`^${fingerprint(node)}, siskin \\(tigase\\)`),
      );
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'Send a test push');
      const sentBefore = world.apns.received.length;
      await page.keyboard.press('Enter');
      await page.getByText('Result: the provider accepted it').waitFor();
      const way = await page.locator('.steps li').allInnerTexts();
      assert.match(
        way.slice(1).join('\n'),
        /^\d\d:\d\d:\d\d routed: alert to the first token, content none, .*\n\d\d:\d\d:\d\d answered: alert: accepted after \d+ ms\nResult: the provider accepted it/,
      );
      assert.equal(world.apns.received.length, sentBefore + 1);
      assert.equal(
        await page
          .getByRole('group', { name: `Test pushes to ${fingerprint(node)}` })
          .getByRole('button')
          .count(),
        3,
      );
      assert.deepEqual(await violations(), []);
      // From here on figures change and nothing moves.
      await page.evaluate(watchShifts);
      const seen = await page.locator('#charts [aria-valuenow]').first().getAttribute('aria-valuemax');
      await page.evaluate('document.activeElement.blur()');
      await page.locator(`#charts [aria-labelledby=chart-0]:not([aria-valuemax='${seen}'])`).waitFor();
      assert.deepEqual(await page.evaluate('globalThis.shifts'), []);
      if (what.startsWith('light')) await assertWalk(page);
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      assert.equal(overflow, false);
      assert.deepEqual(complaints, []);
      assert.deepEqual(
        requests.filter((url) => !url.startsWith(`${opsUrl}/`) && !url.startsWith('data:')),
        [],
      );
      const text = await page.content();
      for (const secret of [node, token, secondToken, 'admin-token']) assert.ok(!text.includes(secret));
      await page.close();
    });
  }

  await t.test('a wrong token is said, and shows nothing', async () => {
    const { page } = await openPage(browser, opsUrl);
    await page.getByLabel('Admin token').fill('guess');
    await page.keyboard.press('Enter');
    await page.getByText('wrong or no token').waitFor();
    assert.equal(await page.locator('#shown').isVisible(), false);
    await page.close();
  });

  await t.test('what a part says is text and no markup; the policy lets nothing else run', async () => {
    const response = await fetch(opsUrl);
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(rule), rule);
    }
    const script = await (await fetch(`${opsUrl}/console.js`)).text();
    assert.doesNotMatch(script, /innerHTML|insertAdjacent|document\.write|eval\(|https?:/);
  });

  await t.test('the end of the server is said', async () => {
    const { page } = await openPage(browser, opsUrl);
    await page.getByLabel('Admin token').fill('admin-token');
    await page.keyboard.press('Enter');
    await page.getByText('All is well: every part works.').waitFor();
    const stopped = world.sealpost.stop();
    await page.getByText('The server does not answer. Trying again …').waitFor();
    assert.equal(await stopped, undefined);
    await page.close();
  });
});
