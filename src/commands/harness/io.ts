import type { StartServer } from '../../harness/demo/environment.ts';
import type { RandomBytes } from '../../harness/sealing/sealing.ts';
import type { TerminalOutput } from '../../harness/report/terminal.ts';
import type { Clock } from '../../time/clock.ts';

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
