import { loadConfig, loadConfigAgain } from '../config/config.ts';
import { systemClock } from '../time/clock.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type CommandCall, type ExitCode, readArguments, UsageError } from './command.ts';
import { whenAborted } from './signals.ts';
import { start } from './start.ts';

/** Milliseconds from the start until links are up and nothing of the start is left to do. */
const settledAfterMs = 10_000;

export const serveUsage = `Usage: sealpost serve --config FILE

  Runs the push app server until SIGTERM or SIGINT, then answers what arrived and exits with 0.
  SIGHUP reads the config and the files of keys, certificates and service accounts again. Apps, limits and the level of
  the log change at once; the log says what needs a restart. If anything is wrong, everything stays as it was.

  --config FILE   sealpost.yaml; default: the environment variable SEALPOST_CONFIG

Example:
  sealpost serve --config /etc/sealpost/sealpost.yaml

Exit codes: 0 ended by a signal, 1 it could not start, 2 a wrong call.
`;

/**
 * `sealpost serve`.
 * @throws ConfigError, StoreError, or the system's error for a port that is not available
 */
export async function serve({ args, env, signals }: CommandCall): Promise<ExitCode> {
  const { values } = readArguments({ args: [...args], options: { config: { type: 'string' } } });
  const configFile = values.config ?? env['SEALPOST_CONFIG'];
  if (configFile === undefined) throw new UsageError('serve needs a config: --config FILE or SEALPOST_CONFIG');
  const server = await start(loadConfig(configFile));
  signals.onHangup(() => void server.reload(() => loadConfigAgain(configFile)));
  // Whoever is busy collects garbage anyway.
  const cancel = systemClock.after(settledAfterMs, () => {
    if (!server.isBusy()) void collectGarbage();
  });
  await whenAborted(signals.terminated);
  cancel();
  await server.drain();
  return 0;
}
