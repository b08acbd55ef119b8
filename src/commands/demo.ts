import { runDemonstration } from '../harness/demo/demonstration.ts';
import { systemClock } from '../time/clock.ts';
import { type CommandCall, type ExitCode, readArguments } from './command.ts';
import { startFrom } from './start.ts';

export const demoUsage = `Usage: sealpost demo

  Runs the harness, stand-ins for APNs and FCM, and the server on this machine, and shows real pushes until interrupted.

Example:
  sealpost demo

Exit codes: 0 ended by you, 1 it could not start, 2 a wrong call.
`;

/** `sealpost demo`. Exits with 0 if every push arrived as it was sent. */
export async function demo({ args, signals }: CommandCall): Promise<ExitCode> {
  readArguments({ args: [...args], options: {} });
  signals.endByHangup();
  // A closed output (`| head`) is no failure.
  process.exitCode = 0;
  const matched = await runDemonstration({
    output: process.stdout,
    clock: systemClock,
    signal: signals.terminated,
    startServer: (config) => startFrom(config, 'error'),
  });
  return matched ? 0 : 1;
}
