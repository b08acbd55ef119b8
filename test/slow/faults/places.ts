import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Clock } from '../../../src/time/clock.ts';
import { withoutPromtool } from '../../deploy/promtool.ts';
import { eventually } from '../../support/process.ts';
import { firing, runbookOf, type Scrape } from './alerts.ts';
import { type Site, type SiteOptions, startSite } from './site.ts';

/** What names the fault, and the way out, where an operator looks. Each text is a literal part. */
export interface Fault extends SiteOptions {
  readonly name: string;
  /** Why the fault cannot be made on this machine. */
  readonly skip?: string | false;
  /**
   * Makes the fault. Each call is what goes on for a minute, of which the alert gets a sample.
   * @param minute from 0
   */
  readonly make: (site: Site, minute: number, t: TestContext) => Promise<unknown>;
  /** How many minutes the fault goes on by itself doing something. Default 1. */
  readonly minutes?: number;
  /** A line of the log at the default level: message, reason, and part of the hint. */
  readonly log: { readonly msg: string; readonly reason?: string; readonly domain?: string; readonly hint: string };
  /** The part of `/readyz`, its reason and part of its hint. The console shows the same, and the reason in its sentence. */
  readonly part: string;
  readonly reason: string | RegExp;
  readonly hint: string;
  /** The rule, a part of what the alert says, and of what its section of the runbook says to do. */
  readonly alert: {
    readonly rule: string;
    readonly says: string;
    readonly runbook: string;
    /** The fault is there from the start, and so is the alert. */
    readonly firesBefore?: true;
    /** The minute in which the alert is judged, where the state lasts only as long as the fault goes on. */
    readonly atMinute?: number;
  };
  /** A finding of `sealpost check`: `status part: message`, and part of its hint. */
  readonly check: { readonly line: string | RegExp; readonly hint: string };
  /** The clock that `sealpost check` runs with. */
  readonly clock?: Clock;
}

/** Defines a test that makes the fault and reads the five places. */
export function testFault(fault: Fault): void {
  test(
    `faults - ${fault.name}: log, console, readiness, an alert and check name it and the way out`,
    { skip: fault.skip ?? false },
    async (t) => {
      const site = await startSite(t, fault);
      const scrapes: Scrape[] = [];
      const scrape = async () => scrapes.push({ text: await site.metrics(), atSeconds: Date.now() / 1_000 });
      await scrape();
      for (let minute = 0; minute < (fault.minutes ?? 1); minute += 1) {
        await fault.make(site, minute, t);
        if (minute === 0) await whenReady(site, fault);
        await scrape();
      }
      await t.test('readiness', async () => {
        const { checks } = await whenReady(site, fault);
        assertHas(checks[fault.part]?.hint ?? '', fault.hint);
      });
      await t.test('console', async () => {
        // On a busy machine the link may be lost for a moment, and the sentence says that first.
        const { sentence, health } = await eventually(
          `the console names ${fault.part}`,
          async () => {
            const overview = await site.overview();
            return overview.sentence.includes(fault.part) ? overview : undefined;
          },
          60_000,
        );
        assertHas(sentence, fault.reason);
        assertHas(health.checks[fault.part]?.hint ?? '', fault.hint);
      });
      await t.test('log', async () => {
        const { msg, reason, domain, hint } = fault.log;
        const found = await eventually('the line of the log', () =>
          site.log.find((line) => line.msg.includes(msg) && (reason === undefined || line.reason === reason)),
        );
        assertHas(found.hint ?? '', hint);
        if (domain !== undefined) assert.equal(found.domain, domain);
      });
      await t.test('alert', { skip: withoutPromtool }, async () => {
        const { rule, says, runbook, firesBefore = false, atMinute } = fault.alert;
        const before = await firing(rule, scrapes.slice(0, 1));
        assert.equal(before !== undefined, firesBefore, before ?? 'it does not fire before');
        assertHas((await firing(rule, scrapes, atMinute)) ?? 'it does not fire', says);
        assertHas(runbookOf(rule), runbook);
      });
      await t.test('check', async () => {
        const findings = await site.check(fault.clock);
        const { line, hint } = fault.check;
        const told = findings.map(({ status, part, message }) => `${status} ${part}: ${message}`);
        const at = told.findIndex((one) => (typeof line === 'string' ? one.includes(line) : line.test(one)));
        assert.ok(at >= 0, told.join('\n'));
        assertHas(findings[at]?.hint ?? '', hint);
      });
    },
  );
}

function whenReady(site: Site, { part, reason }: Fault) {
  return eventually(
    `readiness says ${String(reason)}`,
    async () => {
      const health = await site.readiness();
      const said = health.checks[part]?.reason ?? '';
      const isSaid = typeof reason === 'string' ? said.includes(reason) : reason.test(said);
      return isSaid ? health : undefined;
    },
    60_000,
  );
}

function assertHas(text: string, part: string | RegExp): void {
  if (typeof part === 'string') assert.ok(text.includes(part), `${JSON.stringify(part)} is not in: ${text}`);
  else assert.match(text, part);
}
