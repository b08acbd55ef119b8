import { statSync } from 'node:fs';

/**
 * Device and inode of a file, to detect that it was moved, replaced or deleted while open; undefined: there is none.
 */
export function identify(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
