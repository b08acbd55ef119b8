// Files with secrets that other users of the machine can read, found by their permissions.
import { dirname } from 'node:path';
import type { Log } from '../telemetry/log.ts';
import type { ConfigOrigin } from './config.ts';

export interface ExposureOptions {
  readonly origin: ConfigOrigin;
  readonly files: FileModes;
  /** Id of the user that this process runs as; undefined on systems without such permissions: then nothing is found. */
  readonly uid: number | undefined;
}

/** A file that other users may do something with. */
export interface Exposure {
  readonly file: string;
  readonly problem: string;
  /** What to do. */
  readonly hint: string;
}

/** What is asked of the file system; both throw for a file that is not there any more. */
export interface FileModes {
  /** The path without symbolic links. */
  realpath(path: string): string;
  stat(path: string): { readonly mode: number; readonly uid: number };
}

/** Bits of a file's mode. */
const READ = 0o4;
const WRITE = 0o2;
const ENTER = 0o1;

/**
 * Finds each file that other users than our own can read although it holds secrets, and a config that they can
 * change. Where somebody else owns the file, we may read it as a member of its group, so that the group may read it is not
 * reported; that the group may change it is.
 */
export function findExposure({ origin, files, uid }: ExposureOptions): Exposure[] {
  if (uid === undefined) return [];
  const { file: config, holdsSecrets, secretFiles } = origin;
  const all = new Map<string, boolean>(secretFiles.map((file) => [file, true]));
  if (config !== undefined && !all.has(config)) all.set(config, holdsSecrets);
  return [...all].flatMap(([file, isSecret]) => {
    const bits = othersMay(file, files, uid);
    const can = [...(isSecret && bits & READ ? ['read'] : []), ...(bits & WRITE ? ['change'] : [])];
    if (can.length === 0) return [];
    const hint = 'Give it to the user that Sealpost runs as and take it from all others: chmod 600 FILE.';
    const problem = `other users can ${can.join(' and ')} a file ${isSecret ? 'with secrets' : 'of the config'}`;
    return [{ file, problem, hint }];
  });
}

/** Logs a warning for each file that `findExposure` finds. */
export function warnOfExposure({ log, ...options }: ExposureOptions & { readonly log: Log }): void {
  for (const { file, problem, hint } of findExposure(options)) log.warn({ file, hint }, problem);
}

/** What users other than our own may do with a file, as the bits READ and WRITE. */
function othersMay(file: string, { realpath, stat }: FileModes, uid: number): number {
  try {
    const path = realpath(file);
    const { mode, uid: owner } = stat(path);
    let group = owner === uid ? mode >> 3 : (mode >> 3) & WRITE;
    let others = mode;
    for (let folder = dirname(path), below = path; folder !== below; below = folder, folder = dirname(folder)) {
      const { mode: folderMode } = stat(folder);
      if (!(folderMode & ENTER)) others = 0;
      if (!(folderMode & ENTER) && !((folderMode >> 3) & ENTER)) group = 0;
    }
    return (group | others) & (READ | WRITE);
  } catch {
    // The file has vanished since it was read. The part that needs it reports that.
    return 0;
  }
}
