import { type Clock, systemClock } from '../../time/clock.ts';
import type { ReceivedPush, Script, Spell, StandIn } from './contract.ts';
import { createSchedule } from './schedule.ts';

/** What a stand-in remembers and how it was told to misbehave; the half that both stand-ins share. */
export interface Journal {
  /** The part that users of the stand-in see. */
  readonly view: Pick<StandIn, 'received' | 'onPush' | 'waitFor'>;
  /** Adds a push and tells listeners. */
  record(push: ReceivedPush): void;
  script(token: string, script: Script | undefined): void;
  schedule(spells: readonly Spell[]): void;
  /** The script that applies to this push of `token`, used up once. */
  nextScript(token: string): Script | undefined;
}

/** Pushes that a stand-in remembers unless told otherwise: enough for any test, about 20 MB. */
export const defaultReceivedLimit = 10_000;

export interface JournalOptions {
  /** How many of the latest pushes to keep. */
  readonly receivedLimit?: number | undefined;
  /** Counts the minutes of a schedule. */
  readonly clock: Clock;
}

export function createJournal({ receivedLimit = defaultReceivedLimit, clock }: JournalOptions): Journal {
  const received: ReceivedPush[] = [];
  const listeners = new Set<(push: ReceivedPush) => void>();
  const scripts = new Map<string, { script: Script; left: number }>();
  let schedule = createSchedule([], clock);

  const onPush = (listener: (push: ReceivedPush) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };

  const waitFor = (wanted: (push: ReceivedPush) => boolean, timeoutMs: number) => {
    const past = received.find((push) => wanted(push));
    if (past) return Promise.resolve(past);
    return new Promise<ReceivedPush>((resolve, reject) => {
      const stop = onPush((push) => {
        if (!wanted(push)) return;
        cancel();
        stop();
        resolve(push);
      });
      // Real time, whatever clock the stand-in judges by: a test must end even if its clock stands still.
      const cancel = systemClock.after(timeoutMs, () => {
        stop();
        reject(new Error(`no such push within ${timeoutMs} ms; ${received.length} others came`));
      });
    });
  };

  return {
    view: { received, onPush, waitFor },
    record(push) {
      received.push(push);
      // Dropped a tenth at a time: moving the whole array for each push would cost more than serving it.
      if (received.length > receivedLimit) received.splice(0, Math.max(1, Math.floor(receivedLimit / 10)));
      for (const listener of listeners) listener(push);
    },
    script(token, script) {
      if (script) scripts.set(token, { script, left: script.times ?? Number.POSITIVE_INFINITY });
      else scripts.delete(token);
    },
    schedule(spells) {
      schedule = createSchedule(spells, clock);
    },
    nextScript(token) {
      for (const key of [token, '*']) {
        const entry = scripts.get(key);
        if (!entry) continue;
        entry.left -= 1;
        if (entry.left <= 0) scripts.delete(key);
        return entry.script;
      }
      return schedule.next();
    },
  };
}
