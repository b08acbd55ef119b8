import { existsSync } from 'node:fs';

/**
 * For tests that need a Debian package: false when it is there, else the reason to skip by name. With `CI=true` a missing
 * package fails the test instead, so that a skipped test never passes for a green one.
 */
export function missingPackage(name: string, file: string): false | string {
  if (existsSync(file)) return false;
  if (process.env['CI'] === 'true') throw new Error(`Debian package '${name}' is not installed (no ${file})`);
  return `needs Debian package '${name}'`;
}
