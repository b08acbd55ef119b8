import { existsSync } from 'node:fs';

/**
 * For tests that need a Debian package: false if it is installed, otherwise the reason to skip the test. With `CI=true`
 * a missing package fails the test, so that a skipped test never counts as passed.
 */
export function missingPackage(name: string, file: string): false | string {
  if (existsSync(file)) return false;
  if (process.env['CI'] === 'true') throw new Error(`Debian package '${name}' is not installed (no ${file})`);
  return `needs Debian package '${name}'`;
}
