import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Outbox, QueuedPush } from '../../../src/store/outbox/contract.ts';
import type { OutboxOptions } from '../../../src/store/outbox/outbox.ts';
import type { StoreLocation } from '../../../src/store/open.ts';
import type { FileOptions } from '../../../src/store/sqlite/connection.ts';
import type { PushKind } from '../../../src/core/push.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { openOutbox } from '../../support/store.ts';
import { recordedLog } from '../../support/telemetry.ts';

/** Noon of 1 November 2026, where `manualClock` starts. */
export const startMs = Date.UTC(2026, 10, 1);

/** A temporary folder that is removed after the test. */
export function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-outbox-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface OpenOptions extends Pick<OutboxOptions, 'limits' | 'timing'> {
  readonly file?: Omit<FileOptions, 'path'>;
}

/** Opens outboxes on one SQLite file and closes what is still open after the test. */
export function outboxesFor(context: TestContext, path = join(folderFor(context), 'sealpost.db')) {
  return { path, ...outboxesIn(context, { kind: 'sqlite', path }) };
}

/** Opens outboxes in one store and closes what is still open after the test. */
export function outboxesIn(context: TestContext, store: StoreLocation) {
  const clock = manualClock(startMs);
  const metrics = createMetrics('test');
  const { log, lines } = recordedLog();
  const opened: Outbox[] = [];
  context.after(() => Promise.all(opened.map((outbox) => outbox.close())));
  const open = async ({ file, ...outbox }: OpenOptions = {}): Promise<Outbox> => {
    const one = await openOutbox({ store, clock, log, metrics, outbox, ...(file && { file }) });
    opened.push(one);
    return one;
  };
  /** What was dropped so far; what newer pushes displace is removed after they were stored. */
  const dropped = async () => {
    for (let i = 0; i < 2; i += 1) await opened.at(-1)?.expire(0);
    return Object.fromEntries(
      (await metrics.dropped.get()).values.map(({ labels, value }) => [`${labels.app} ${labels.cause}`, value]),
    );
  };
  const logged = () =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => !/new, empty store/.test(String(msg)));
  return { clock, open, dropped, logged };
}

/** The nth UUID. */
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export interface QueuedDetails {
  readonly app?: string;
  readonly node?: string;
  readonly domain?: string;
  readonly kind?: PushKind;
  readonly giveUpAtMs?: number;
  readonly ciphertext?: string;
}

/** A queued alert with the nth UUID, of a registration of its own, that expires after a week. */
export function queued(n: number, details: QueuedDetails = {}): QueuedPush {
  const { app = 'siskin', node = `node-${n}`, kind = 'alert', giveUpAtMs = startMs + 604_800_000 } = details;
  const { ciphertext = 'c2VhbGVk', domain = 'example.net' } = details;
  return {
    push: {
      id: id(n),
      app,
      node,
      kind,
      account: 'romeo@example.net',
      content: { kind: 'sealed', ciphertext, iv: 'AAAAAAAAAAAAAAAA' },
      expiresAtMs: kind === 'voip' ? 0 : giveUpAtMs,
    },
    domain,
    target: kind === 'voip' ? 'second' : 'first',
    attempts: 1,
    storedAtMs: startMs,
    giveUpAtMs,
  };
}

/** Numbers of the queued pushes in a lease. */
export async function leaseNumbers(outbox: Outbox, nowMs = startMs, limit = 100, app = 'siskin'): Promise<number[]> {
  const { pushes } = await outbox.lease(app, nowMs, limit);
  return pushes.map(({ push }) => Number(push.id.slice(-12)));
}
