import type { StartServer } from '../../harness/demo/environment.ts';
import type { RandomBytes } from '../../harness/sealing/sealing.ts';
import type { TerminalOutput } from '../../harness/report/terminal.ts';
import type { Clock } from '../../time/clock.ts';

/** 0: all is as it should be; 1: something is not; 2: a wrong call. */
export type ExitCode = 0 | 1 | 2;

/** What the commands work with. */
export interface CommandIo {
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Standard input, read to its end. */
  readonly readInput: () => Promise<string>;
  /** The server that `run` is about. */
  readonly startServer: StartServer;
  /** Ends what goes on until somebody ends it. */
  readonly signal: AbortSignal;
}

/** A mistake in the call: said together with how to call. */
export class UsageError extends Error {}
