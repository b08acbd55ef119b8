import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Folder for the store. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Uses all remaining space; absent where mounting is not allowed. */
  fill?(): Promise<void>;
  /** Frees the space. */
  empty?(): Promise<void>;
}

/** A file system small enough to fill, or just a folder where mounting is not allowed. */
export async function mountSmallDisk(folder: string): Promise<SmallDisk> {
  const plain = await makeFolder(folder);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder]);
  } catch {
    return plain;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill() {
      for (const size of [65_536, 1024]) while (await append(ballast, size));
    },
    empty: () => rm(ballast),
    async [Symbol.asyncDispose]() {
      await run('umount', [folder]);
    },
  };
}

/** A folder on the normal disk. */
export async function makeFolder(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** @returns false if there is no space */
async function append(file: string, size: number): Promise<boolean> {
  try {
    await writeFile(file, Buffer.alloc(size), { flag: 'a' });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOSPC') return false;
    throw error;
  }
}
