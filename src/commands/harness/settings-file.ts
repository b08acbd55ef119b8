import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/**
 * Writes the file of `--settings`. Scripts wait for it and read it as soon as it is there, so it appears as a whole where that is
 * possible: not where the path leads to no file (`/dev/stdout`, a pipe), nor where none can be put in its place (a bind mount).
 * @throws Error of the file system
 */
export async function writeSettings(path: string, settings: object): Promise<void> {
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  const target = await realpath(path).catch(() => path);
  const draft = `${target}.${process.pid}`;
  const found = await stat(target).catch(() => undefined);
  if (!found || found.isFile()) {
    try {
      await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
      await rename(draft, target);
      return;
    } catch {
      await rm(draft, { force: true });
    }
  }
  await writeFile(path, text, { mode: 0o600 });
}
