import { statSync } from 'node:fs';

/** Device and inode of a file, to notice when somebody moves, replaces or deletes it while it is open; undefined: none. */
export function identify(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
