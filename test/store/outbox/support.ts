import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Outbox, QueuedPush } from '../../../src/store/outbox/contract.ts';
import { openSqliteOutbox, type SqliteOutboxOptions } from '../../../src/store/outbox/sqlite.ts';
import type { PushKind } from '../../../src/core/push.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { manualClock } from '../../support/clock.ts';
import { recordedLog } from '../../support/telemetry.ts';

/** Noon of 1 November 2026, where `manualClock` starts. */
export const startMs = Date.UTC(2026, 10, 1);

/** A temporary folder that is removed after the test. */
export function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-outbox-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens outboxes on one file and closes what is still open after the test. */
export function outboxesFor(context: TestContext, path = join(folderFor(context), 'sealpost.outbox.db')) {
  const clock = manualClock(startMs);
  const metrics = createMetrics('test');
  const { log, lines } = recordedLog();
  const opened: Outbox[] = [];
  context.after(() => Promise.all(opened.map((outbox) => outbox.close())));
  const open = async (options: Partial<SqliteOutboxOptions> = {}): Promise<Outbox> => {
    const outbox = await openSqliteOutbox({ path, clock, log, metrics, ...options });
    opened.push(outbox);
    return outbox;
  };
  const dropped = async () =>
    Object.fromEntries(
      (await metrics.dropped.get()).values.map(({ labels, value }) => [`${labels.app} ${labels.cause}`, value]),
    );
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { path, clock, open, dropped, logged };
}

/** The nth UUID. */
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export interface QueuedDetails {
  readonly app?: string;
  readonly node?: string;
  readonly kind?: PushKind;
  readonly giveUpAtMs?: number;
  readonly ciphertext?: string;
}

/** A queued alert with the nth UUID, of a registration of its own, that expires after a week. */
export function queued(n: number, details: QueuedDetails = {}): QueuedPush {
  const { app = 'siskin', node = `node-${n}`, kind = 'alert', giveUpAtMs = startMs + 604_800_000 } = details;
  const { ciphertext = 'c2VhbGVk' } = details;
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
