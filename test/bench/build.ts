/** Compiles the server once, as `npm run build` does. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
let building: Promise<unknown> | undefined;

/** Resolves with the file of the compiled program. */
export async function buildServer(): Promise<string> {
  building ??= promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root });
  await building;
  return join(root, 'dist/bundle/main.js');
}
