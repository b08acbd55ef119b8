import { lstat, rename, writeFile } from 'node:fs/promises';

/**
 * Writes the file of `--settings`. Scripts wait for it and read it as soon as it is there, so it appears as a whole; what is
 * no file (`/dev/stdout`, a pipe) is written as it is.
 * @throws Error of the file system
 */
export async function writeSettings(path: string, settings: object): Promise<void> {
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  const found = await lstat(path).catch(() => undefined);
  if (found && !found.isFile()) return writeFile(path, text);
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
