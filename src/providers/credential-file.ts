/** Keys, certificates and service accounts whose files are replaced while we run. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../time/clock.ts';
import type { Concern } from './provider.ts';
import { errorCode, type Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** A file that cannot be used. `message` goes on after the file's name; neither text quotes the file. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}

/** How often the files are looked at unless the config says otherwise, milliseconds. */
export const defaultCheckEveryMs = 30_000;

/** What every provider is given for it. */
export interface CredentialWatching {
  /** Between two looks, milliseconds. Default: `defaultCheckEveryMs`. */
  readonly checkEveryMs?: number;
  /** Called after credentials were replaced: what the provider said of the old ones no longer counts. */
  readonly onReplaced?: () => void;
}

export interface CredentialFileOptions<T> extends CredentialWatching {
  readonly app: string;
  /** Undefined: they came from elsewhere and stay as they are. */
  readonly path: string | undefined;
  /** What is in use at the start, and the content that it was read from; undefined: none. */
  readonly initial: { readonly value: T; readonly content: Uint8Array } | undefined;
  /**
   * Reads a content and tries what it holds.
   * @throws CredentialError
   */
  readonly read: (content: Uint8Array) => T | Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A file with credentials, and what was last read from it that can be used. */
export interface CredentialFile<T> {
  readonly current: T | undefined;
  /** There while the file's present content cannot be used. */
  readonly concern: Concern | undefined;
  /** Looks at the file now; never rejects. */
  check(): Promise<void>;
  /** No look begins any more. */
  stop(): void;
}

/** Larger than any real one; the path may come to lead to a log. */
const largestBytes = 1_048_576;

/**
 * Reads the file again and again: its content and not its dates tell whether it was replaced, whichever way editors,
 * secret stores and copying do that. What cannot be used changes nothing but `concern`, and is said once.
 */
export function watchCredentialFile<T>(options: CredentialFileOptions<T>): CredentialFile<T> {
  const { app, path, initial, read, clock, log, metrics, checkEveryMs = defaultCheckEveryMs, onReplaced } = options;
  let current = initial?.value;
  let used = initial && digestOf(initial.content);
  /** The latest look: a content, or why there was none. */
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
      if (seen !== word && !isStopped) complain(file, word, new CredentialError(`cannot be read (${word})`, readHint));
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
      complain(file, 'unusable', explained);
      return;
    }
    used = digest;
    concern = undefined;
    metrics.credentialReloads.inc({ app, result: 'replaced' });
    log.info({ app, file }, 'new credentials are in use');
    onReplaced?.();
  }

  function complain(file: string, reason: string, { message, hint }: CredentialError): void {
    const meanwhile = current === undefined ? 'nothing can be sent' : 'the earlier one stays in use';
    concern = { reason: `${file} ${message}; ${meanwhile}`, hint };
    metrics.credentialReloads.inc({ app, result: 'kept' });
    log.warn({ app, file, reason, hint }, `new credentials cannot be used; ${meanwhile}`);
  }

  /** One look at a time, and one more for whoever asks meanwhile: the file may have changed behind the first. */
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

/** Undefined: no regular file (a pipe can be read once). */
async function readSmallFile(path: string): Promise<Uint8Array | undefined> {
  // Opening a pipe would wait for somebody to write into it.
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
