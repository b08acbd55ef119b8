import type { StartServer } from '../../harness/demo/environment.ts';
import type { RandomBytes } from '../../harness/sealing/sealing.ts';
import type { TerminalOutput } from '../../harness/report/terminal.ts';
import type { Clock } from '../../time/clock.ts';

/** What the harness commands use of the process. */
export interface CommandIo {
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** The lines of standard input as they come, without their ends. */
  readonly readLines: () => AsyncIterable<string>;
  /** The server that `run` plays the scenarios with. */
  readonly startServer: StartServer;
  /** Ends commands that run until interrupted. */
  readonly signal: AbortSignal;
}
