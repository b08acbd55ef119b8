import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { missingPackage } from '../support/debian.ts';

/** Why tests with promtool are skipped; false: they run. */
export const withoutPromtool = missingPackage('prometheus', '/usr/bin/promtool');

/** Runs promtool. @throws Error with what it says if it finds anything wrong */
export async function promtool(...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)('/usr/bin/promtool', args)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}
