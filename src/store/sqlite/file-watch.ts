/** Detects that the file of the registrations can no longer be trusted to keep them. */
import { errorCode } from '../../telemetry/error-code.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock } from '../../time/clock.ts';
import { createFaultReporter, type StoreFault } from '../engine/fault.ts';
import { identify } from './file-identity.ts';
import { sqliteReason } from './reason.ts';

/** Milliseconds between two checks; two in a row find a fault within 10 s. */
const lookEveryMs = 5_000;

export interface FileWatchOptions {
  /** Absolute path of the open file. */
  readonly path: string;
  /** Writes something small and syncs it, without waiting for locks; rejects with what SQLite said. */
  readonly probe: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'storeUp' | 'storeErrors'>;
}

/** Watches whether the file can be written and is in its place. */
export interface FileWatch {
  /** What the last check found; undefined: nothing. */
  readonly fault: StoreFault | undefined;
  /**
   * Checks now whether the path still leads to the open file. If it does not, what is written goes to a file that is lost
   * when this process ends.
   */
  lost(): StoreFault | undefined;
  /** Notes that the file's structure is damaged, which no write mends. */
  noteDamage(): void;
  stop(): void;
}

/** Starts to check the file's identity and a write every 5 s. */
export function watchFile({ path, probe, clock, log, metrics }: FileWatchOptions): FileWatch {
  const identity = identify(path);
  let fault: StoreFault | undefined;
  let wasLocked = false;
  let isStopped = false;
  let isDamaged = false;
  const report = createFaultReporter({ file: path, clock, log, metrics });
  let cancel = () => {};

  function lost(): StoreFault | undefined {
    try {
      const found = identify(path);
      if (found === identity) return undefined;
      return found === undefined ? faultOf('deleted') : faultOf('replaced');
    } catch (error) {
      // A folder that may not be entered any more, a network file system that does not answer.
      return faultOf(errorCode(error));
    }
  }

  async function look(): Promise<StoreFault | undefined> {
    const gone = lost();
    if (gone) return gone;
    if (isDamaged) return faultOf('damaged');
    try {
      await probe();
      wasLocked = false;
      return undefined;
    } catch (error) {
      const reason = sqliteReason(error);
      // A backup or an import holds the lock for a moment, so only two checks in a row find a fault.
      const isPassing = reason === 'locked' && !wasLocked;
      wasLocked = reason === 'locked';
      return isPassing ? fault : faultOf(reason);
    }
  }

  async function tick(): Promise<void> {
    const found = await look();
    if (isStopped) return;
    fault = found;
    report(found);
    cancel = clock.after(lookEveryMs, () => void tick());
  }

  void tick();
  return {
    get fault() {
      return fault;
    },
    lost,
    noteDamage() {
      isDamaged = true;
    },
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

function faultOf(reason: string): StoreFault {
  return { reason, hint: hints[reason] ?? 'Check the file system of the store: space, permissions, mounts.' };
}

/** Hints by reason. */
const hints: Readonly<Record<string, string>> = {
  deleted:
    'The file was deleted or moved away while in use. Move it back, or put a backup in its place and restart; ' +
    'registrations since the backup come back as clients register again.',
  replaced:
    'Another file was put in its place while in use. Restart to use the new one, or move the old one back; ' +
    'this process still reads the old one.',
  locked: 'Another process holds a lock on the file. End it (a backup, a SQLite shell, a second Sealpost).',
  'disk-full': 'Make room on the file system of the store.',
  'read-only': 'Make the file system writable, and give the file and its folder to the user that Sealpost runs as.',
  damaged: 'Stop, keep a copy of the file, and put a backup in its place or recover it with `sqlite3 FILE .recover`.',
};
