import { execFile } from 'node:child_process';
import { join } from 'node:path';

const mainFile = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** What a command ended with, and wrote. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `sealpost` with these arguments to its end. */
export function runSealpost(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [mainFile, ...args], { env }, (error, output, errors) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, output, errors });
    });
  });
}
