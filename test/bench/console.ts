/**
 * Measures in Chromium how soon the console shows its figures with many registrations, and takes the pictures of the docs.
 * Usage: `node test/bench/console.ts [--registrations N] [--pictures FOLDER]`; default: 1,000,000.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { publishOf } from '../support/operator.ts';
import { startSealpost, startWorld } from '../support/sealpost.ts';
import { fillStore } from './fill.ts';

const { values } = parseArgs({
  options: { registrations: { type: 'string', default: '1000000' }, pictures: { type: 'string' } },
});
const registrations = Number(values.registrations);
const adminToken = 'admin-token';
const seen = 'All is well: every part works.';
/** Seconds of traffic that the charts of the pictures show. */
const trafficSeconds = 60;

async function logIn(page: Page, url: string): Promise<number> {
  await page.goto(url);
  await page.keyboard.press('Tab');
  await page.keyboard.type(adminToken);
  const startedAtMs = performance.now();
  await page.keyboard.press('Enter');
  await page.getByText(seen).waitFor();
  await page.getByRole('row', { name: /siskin/ }).waitFor();
  return performance.now() - startedAtMs;
}

const world = await startWorld({ admin: { token: adminToken } });
try {
  const node = await world.register({
    account: 'romeo@localhost',
    provider: 'tigase:messenger:apns:1',
    token: 'c0ffee00'.repeat(8),
  });
  await world.sealpost.stop();
  const path = join(world.folder, 'sealpost.db');
  const signal = new AbortController().signal;
  await fillStore({ path, registrations, sample: 1, signal, report: (text) => console.error(text) });
  const sealpost = await startSealpost(world.folder, world.config);
  await world.acceptor.whenConnected('push.localhost', 30_000);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const page = await browser.newPage();
      times.push(Math.round(await logIn(page, sealpost.opsUrl)));
      await page.close();
    }
    console.log(`${registrations} registrations: figures are shown ${times.join(', ')} ms after the token`);
    if (values.pictures !== undefined) {
      for (let i = 0; i < trafficSeconds * 10; i += 1) {
        void world.ask(publishOf(`p${i}`, i % 50 === 0 ? 'never-registered' : node));
        await pause(60 + 60 * Math.sin(i / 60));
      }
      for (const [name, options] of [
        ['console-desk', { colorScheme: 'light', viewport: { width: 1200, height: 860 } }],
        ['console-phone', { colorScheme: 'dark', viewport: { width: 360, height: 780 } }],
      ] as const) {
        const page = await browser.newPage(options);
        await logIn(page, sealpost.opsUrl);
        await page.locator('#charts canvas').first().waitFor();
        await pause(6_000);
        await page.screenshot({ path: join(values.pictures, `${name}.png`) });
        await page.close();
      }
    }
  } finally {
    await browser.close();
    await sealpost.stop();
  }
} finally {
  await world.stop();
}
