/** Notes in the store what happens to devices, without delaying any push, so that an operator can ask about one of them. */
import type { Outcome } from '../core/answers.ts';
import type { PushResult } from '../core/push.ts';
import { RecentMap } from '../core/recent-map.ts';
import type { Registration } from '../core/registration.ts';
import { type DeviceNote, NOTES_BATCH, type Registry } from '../store/registry/contract.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../time/clock.ts';
import { isStored } from './lookup.ts';

/** Longest time that a note waits for others, milliseconds. */
const flushAfterMs = 1_000;

/** A device to which the same happens again is written again after this many milliseconds. */
export const repeatAfterMs = 60_000;

/** Devices that are always remembered, at most twice as many, some 400 bytes each. */
export const deviceNotesLimit = 20_000;

/** Milliseconds after a failed write in which nothing is written, so that a store in trouble has less to do. */
const pauseAfterFailureMs = 60_000;

/** Most characters of a push result: reasons come from the tables of the providers and are shorter. */
const resultMax = 64;

export interface DeviceNotes {
  /** What became of a publish. Returns at once and never fails. */
  published(registration: Registration, outcome: Outcome): void;
  /** What a provider said to a push. Returns at once and never fails. */
  pushed(registration: Registration, result: PushResult): void;
  /** What is known of a device beside what the store has; undefined: nothing. */
  latest(node: string): DeviceNote | undefined;
  /** When a note was lost since the store was too slow or failed, milliseconds since 1970; undefined: none was. */
  readonly lostAtMs: number | undefined;
  /** Writes what waits, and notes nothing more. Never rejects. */
  drain(): Promise<void>;
}

export interface DeviceNotesOptions {
  readonly registry: Pick<Registry, 'noteDevices'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Remembered {
  /** Changed in place: `noteOf` copies what leaves. */
  readonly note: { -readonly [K in keyof DeviceNote]: DeviceNote[K] };
  /** Monotonic time of the latest write of a publish, and of a push. */
  publishWrittenMs: number;
  pushWrittenMs: number;
}

export function createDeviceNotes({ registry, clock, log }: DeviceNotesOptions): DeviceNotes {
  /** By node. */
  const devices = new RecentMap<string, Remembered>(deviceNotesLimit, (forgotten) => {
    for (const node of forgotten.keys()) if (waiting.delete(node)) lostAtMs = clock.now();
  });
  const waiting = new Set<string>();
  let writing: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let pausedUntilMs = -Infinity;
  let lostAtMs: number | undefined;
  let isDrained = false;

  function remember({ node, registeredAtMs }: Registration): Remembered {
    const known = devices.get(node);
    if (known?.note.registeredAtMs === registeredAtMs) return known;
    const device = { note: { node, registeredAtMs }, publishWrittenMs: -Infinity, pushWrittenMs: -Infinity };
    devices.set(node, device);
    return device;
  }

  function noteOf(node: string): DeviceNote | undefined {
    const device = devices.peek(node);
    return device && { ...device.note };
  }

  async function write(): Promise<void> {
    const nodes = [...waiting].slice(0, NOTES_BATCH);
    if (nodes.length === 0) return;
    const batch = nodes.flatMap((node) => noteOf(node) ?? []);
    // What happens while it is written is written next time.
    for (const node of nodes) waiting.delete(node);
    try {
      await registry.noteDevices(batch);
    } catch (error) {
      lose([...nodes, ...waiting]);
      waiting.clear();
      pausedUntilMs = clock.monotonic() + pauseAfterFailureMs;
      log.warn({ count: batch.length, reason: errorCode(error) }, 'what happened to devices could not be noted');
    }
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

  /** These could not be written: whatever happens to them next is news. */
  function lose(nodes: readonly string[]): void {
    lostAtMs = clock.now();
    for (const node of nodes) {
      const device = devices.peek(node);
      if (device) device.publishWrittenMs = device.pushWrittenMs = -Infinity;
    }
  }

  function wait(node: string): void {
    if (clock.monotonic() < pausedUntilMs) return lose([node]);
    waiting.add(node);
    if (writing) return;
    if (waiting.size >= NOTES_BATCH) void flush();
    else flushLater();
  }

  return {
    published(registration, outcome) {
      if (!isStored(registration) || isDrained) return;
      const device = remember(registration);
      const isNews = device.note.published?.outcome !== outcome;
      const nowMs = clock.monotonic();
      device.note.published = { atMs: clock.now(), outcome };
      if (!isNews && nowMs - device.publishWrittenMs < repeatAfterMs) return;
      device.publishWrittenMs = nowMs;
      wait(registration.node);
    },
    pushed(registration, given) {
      if (!isStored(registration) || isDrained) return;
      const device = remember(registration);
      const result = describeResult(given);
      const isFirst = given.kind === 'accepted' && !registration.wasAccepted && device.note.acceptedAtMs === undefined;
      const isNews = device.note.pushed?.result !== result || isFirst;
      const nowMs = clock.monotonic();
      const atMs = clock.now();
      device.note.pushed = { atMs, result };
      if (isFirst) device.note.acceptedAtMs = atMs;
      if (!isNews && nowMs - device.pushWrittenMs < repeatAfterMs) return;
      device.pushWrittenMs = nowMs;
      wait(registration.node);
    },
    latest: noteOf,
    get lostAtMs() {
      return lostAtMs;
    },
    async drain() {
      isDrained = true;
      await writing;
      while (waiting.size > 0) await flush();
    },
  };
}

function describeResult(result: PushResult): string {
  return result.kind === 'accepted' ? result.kind : `${result.kind} ${result.reason}`.slice(0, resultMax);
}
