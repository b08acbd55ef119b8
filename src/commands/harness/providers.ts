/** `sealpost harness providers`: the stand-ins for APNs and FCM alone, for other people's tests. */
import { join, resolve as absolute } from 'node:path';
import type { CommandIo } from './io.ts';
import { type ExitCode, UsageError, readArguments } from '../command.ts';
import { describeSettings } from '../../harness/stand-ins/provider-settings.ts';
import { setProviders } from '../../harness/runner/environment.ts';
import { writeSettings } from './settings-file.ts';

/**
 * `sealpost harness providers`. Runs until interrupted. Standard output has a line of JSON for each push, fit for
 * `harness open`; where the stand-ins listen, and their settings if no file takes them, go to standard error.
 */
export async function providersCommand(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { values } = readArguments({
    args: [...args],
    options: {
      'apns-port': { type: 'string' },
      'fcm-port': { type: 'string' },
      keys: { type: 'string' },
      settings: { type: 'string' },
    },
  });
  const { clock, output, errors, signal } = io;
  if (values.keys === '') throw new UsageError('--keys takes a folder');
  // An app server that reads settings.json may run elsewhere.
  const keys = values.keys === undefined ? undefined : absolute(values.keys);
  const providers = await setProviders(
    { clock },
    {
      apnsPort: readPort(values['apns-port']),
      fcmPort: readPort(values['fcm-port']),
      ...(keys !== undefined && { keys }),
    },
  );
  try {
    for (const standIn of [providers.apns, providers.fcm]) {
      standIn.onPush(({ provider, token, bytes, status, reason, body }) => {
        const line = { provider, token, bytes, status, ...(reason !== undefined && { reason }), body };
        output.write(`${JSON.stringify(line)}\n`);
      });
    }
    const settings = describeSettings(providers);
    const file = values.settings ?? (keys === undefined ? undefined : join(keys, 'settings.json'));
    if (file !== undefined) await writeSettings(file, settings);
    errors.write(`APNs is ${providers.apns.origin}, FCM is ${providers.fcm.origin}\n`);
    errors.write(
      file === undefined
        ? `${JSON.stringify(settings, undefined, 2)}\n`
        : `what an app server needs to know of them is in ${file}\n`,
    );
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await providers.close();
  }
  return 0;
}

function readPort(written: string | undefined): number {
  const port = Number(written ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`${written} is not a port`);
  return port;
}
