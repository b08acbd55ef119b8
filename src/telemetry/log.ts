import { createHash } from 'node:crypto';
import { type DestinationStream, pino } from 'pino';

/**
 * The only fields of a log line. The list is closed, so that no line can carry a device token, a node, a secret,
 * ciphertext, plaintext or the local part of a JID.
 */
export interface LogFields {
  /** Name of an app in the config. */
  readonly app?: string;
  /** Domain of a component link. */
  readonly link?: string;
  /** Domain of a remote server. */
  readonly domain?: string;
  /** `fingerprint` of a node. */
  readonly registration?: string;
  /** A word from one of our tables or the code of a system error. */
  readonly reason?: string;
  readonly outcome?: string;
  /** Answer to the XMPP server. */
  readonly answer?: string;
  /** Kind of what an XMPP server published, and of what the push carries of it. */
  readonly received?: string;
  readonly carries?: string;
  /** Characters of a ciphertext in base64. */
  readonly size?: number;
  /** Kind of a push, its id (APNs: `apns-id`), and what the provider said to it. */
  readonly push?: string;
  readonly id?: string;
  readonly result?: string;
  readonly status?: number;
  readonly count?: number;
  readonly durationMs?: number;
  /** What became of what was under way when the server ended. */
  readonly answered?: number;
  readonly handedOver?: number;
  readonly unanswered?: number;
  readonly queued?: number;
  /** Of Sealpost. */
  readonly version?: string;
  readonly provider?: string;
  readonly convention?: string;
  readonly conventions?: string;
  readonly url?: string;
  readonly file?: string;
  /** Of the config. */
  readonly key?: string;
  /** What an operator should do. */
  readonly hint?: string;
}

/** A logger that takes no free-form objects. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether lines of this severity are written, for those that are dear to compose. */
  isLevelEnabled(level: 'debug'): boolean;
}

/** A log whose least severity can change. */
export interface LeveledLog extends Log {
  level: string;
}

/** The least severity that is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Writes one JSON object per line, to standard output by default: see `plain-lines.ts` for another form. */
export function createLog(level: LogLevel, destination?: DestinationStream): LeveledLog {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}

/** Short stable name of a node or token for logs: the first 12 hex digits of its SHA-256. */
export function fingerprint(secretName: string): string {
  return createHash('sha256').update(secretName).digest('hex').slice(0, 12);
}

/**
 * Limits repeated log lines, each kind by itself.
 * @returns a function that tells whether `intervalMs` has passed since it last returned true for this kind; the kinds
 * must be from a closed list, since each is remembered
 */
export function throttleEach(intervalMs: number, clock: { monotonic(): number }): (kind: string) => boolean {
  const throttles = new Map<string, () => boolean>();
  return (kind) => {
    const mayLog = throttles.get(kind) ?? throttle(intervalMs, clock);
    throttles.set(kind, mayLog);
    return mayLog();
  };
}

/**
 * Limits repeated log lines.
 * @returns a function that tells whether `intervalMs` has passed since it last returned true
 */
export function throttle(intervalMs: number, clock: { monotonic(): number }): () => boolean {
  let saidAtMs = -Infinity;
  return () => {
    const nowMs = clock.monotonic();
    if (nowMs - saidAtMs < intervalMs) return false;
    saidAtMs = nowMs;
    return true;
  };
}
