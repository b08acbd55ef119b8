/** Notes in the store which devices a provider has accepted a push for, without delaying any push. */
import type { Registration } from '../core/registration.ts';
import { ACCEPTED_BATCH, type Registry } from '../store/registry/contract.ts';
import { errorCode, type Log } from '../telemetry/log.ts';
import type { Clock } from '../time/clock.ts';
import { isStored } from './lookup.ts';

/** Longest time that a note waits for others, milliseconds. */
const flushAfterMs = 1_000;

/** Notes that wait, or are being written. What comes in beyond is left out: the next accepted push notes it again. */
export const acceptedNotesLimit = 2 * ACCEPTED_BATCH;

/** Milliseconds after a failed write in which nothing is noted, so that a store in trouble has less to do. */
const pauseAfterFailureMs = 60_000;

export interface AcceptedNotes {
  /** A provider accepted a push for it. Returns at once and never fails. */
  note(registration: Registration): void;
  /** Writes what waits, and notes nothing more. Never rejects. */
  drain(): Promise<void>;
}

export interface AcceptedNotesOptions {
  readonly registry: Pick<Registry, 'noteAccepted'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createAcceptedNotes({ registry, clock, log }: AcceptedNotesOptions): AcceptedNotes {
  /** By node; the registration as it was when its push was sent. */
  const waiting = new Map<string, Registration>();
  let writing: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let pausedUntilMs = -Infinity;
  let isDrained = false;

  async function write(): Promise<void> {
    const batch = [...waiting.values()].slice(0, ACCEPTED_BATCH);
    if (batch.length === 0) return;
    try {
      await registry.noteAccepted(batch.map(({ node, registeredAtMs }) => ({ node, registeredAtMs })));
    } catch (error) {
      waiting.clear();
      pausedUntilMs = clock.monotonic() + pauseAfterFailureMs;
      log.warn({ count: batch.length, reason: errorCode(error) }, 'accepted devices could not be noted');
      return;
    }
    for (const { node } of batch) waiting.delete(node);
  }

  async function flush(): Promise<void> {
    cancel?.();
    cancel = undefined;
    writing = write();
    await writing;
    writing = undefined;
    if (waiting.size > 0 && !isDrained) flushLater();
  }

  function flushLater(): void {
    cancel ??= clock.after(flushAfterMs, () => void flush());
  }

  return {
    note(registration) {
      if (registration.wasAccepted || !isStored(registration) || isDrained) return;
      if (waiting.size >= acceptedNotesLimit || clock.monotonic() < pausedUntilMs) return;
      waiting.set(registration.node, registration);
      if (writing) return;
      if (waiting.size >= ACCEPTED_BATCH) void flush();
      else flushLater();
    },
    async drain() {
      isDrained = true;
      await writing;
      await flush();
      await flush();
    },
  };
}
