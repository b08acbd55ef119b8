/** Credential files (keys, certificates, service accounts) that are replaced while Sealpost runs. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../time/clock.ts';
import type { Concern } from './provider.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** A credential file that cannot be used. `message` is to follow the file's name. Neither text quotes the file. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}

/** Milliseconds between two checks of a file unless the config sets another time. */
const defaultCheckEveryMs = 30_000;

/** Options that every provider passes on. */
export interface CredentialWatching {
  /** Milliseconds between two checks. Default: `defaultCheckEveryMs`. */
  readonly checkEveryMs?: number;
  /** Called after credentials were replaced. Results obtained with the old ones no longer count. */
  readonly onReplaced?: () => void;
}

export interface CredentialFileOptions<T> extends CredentialWatching {
  readonly app: string;
  /** Undefined: the credentials came from elsewhere and never change. */
  readonly path: string | undefined;
  /** The value in use at the start and the content that it was read from; undefined: none. */
  readonly initial: { readonly value: T; readonly content: Uint8Array } | undefined;
  /**
   * Parses the content of the file and tries the credentials.
   * @throws CredentialError
   */
  readonly read: (content: Uint8Array) => T | Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A watched file and the last usable value read from it. */
export interface CredentialFile<T> {
  readonly current: T | undefined;
  /** Set while the present content of the file cannot be used. */
  readonly concern: Concern | undefined;
  /** Checks the file now; never rejects. */
  check(): Promise<void>;
  /** Starts no further check. */
  stop(): void;
}

/** Limit for a path that leads to a huge file; real credentials are smaller. */
const largestBytes = 1_048_576;

/**
 * Checks the file at intervals. It compares the content rather than dates, since editors, secret stores and copying
 * treat dates differently. Unusable content changes only `concern` and is logged once.
 */
export function watchCredentialFile<T>(options: CredentialFileOptions<T>): CredentialFile<T> {
  const { app, path, initial, read, clock, log, metrics, checkEveryMs = defaultCheckEveryMs, onReplaced } = options;
  let current = initial?.value;
  let used = initial && digestOf(initial.content);
  /** What the latest check found: a digest of the content, or an error code. */
  let seen = used;
  let concern: Concern | undefined;
  let looking: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  let isStopped = false;
  let cancel = () => {};

  async function look(file: string): Promise<void> {
    let content: Uint8Array | undefined;
    try {
      content = await readSmallFile(file);
    } catch (error) {
      const word = errorCode(error);
      if (seen !== word && !isStopped)
        reportUnusable(file, word, new CredentialError(`cannot be read (${word})`, readHint));
      seen = word;
      return;
    }
    const digest = content && digestOf(content);
    if (!content || digest === seen || isStopped) return;
    seen = digest;
    if (digest === used) {
      concern = undefined;
      log.info({ app, file }, 'the credentials in use are back in their file');
      return;
    }
    try {
      current = await read(content);
    } catch (error) {
      const known = error instanceof CredentialError;
      const explained = known ? error : new CredentialError(`cannot be used (${errorCode(error)})`, unknownHint);
      reportUnusable(file, 'unusable', explained);
      return;
    }
    used = digest;
    concern = undefined;
    metrics.credentialReloads.inc({ app, result: 'replaced' });
    log.info({ app, file }, 'new credentials are in use');
    onReplaced?.();
  }

  function reportUnusable(file: string, reason: string, { message, hint }: CredentialError): void {
    const meanwhile = current === undefined ? 'nothing can be sent' : 'the earlier one stays in use';
    concern = { reason: `${file} ${message}; ${meanwhile}`, hint };
    metrics.credentialReloads.inc({ app, result: 'kept' });
    log.warn({ app, file, reason, hint }, `new credentials cannot be used; ${meanwhile}`);
  }

  /** Runs one check at a time. A caller meanwhile gets another one, since the file may change after it was read. */
  function check(): Promise<void> {
    if (path === undefined || isStopped) return Promise.resolve();
    if (looking) {
      queued ??= looking.then(() => {
        queued = undefined;
        return check();
      });
      return queued;
    }
    looking = look(path).finally(() => (looking = undefined));
    return looking;
  }

  function schedule(): void {
    if (isStopped || path === undefined) return;
    cancel = clock.after(checkEveryMs, () => void check().then(schedule));
  }
  schedule();
  if (initial === undefined) void check();

  return {
    get current() {
      return current;
    },
    get concern() {
      return concern;
    },
    check,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

const readHint = 'put it back, and let the user that Sealpost runs as read it; no restart is needed';
const unknownHint = 'put the right file in its place; no restart is needed';

/** The file's content; undefined if it is no regular file, since a pipe, for example, can only be read once. */
async function readSmallFile(path: string): Promise<Uint8Array | undefined> {
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    if (stats.size > largestBytes) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
