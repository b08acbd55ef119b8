/** The service account of an app, read again when its file changes. */
import { readFileSync } from 'node:fs';
import { type CredentialFile, type CredentialWatching, watchCredentialFile } from '../credential-file.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { googleCredential } from './google-credential.ts';
import type { ClockWatch } from '../clock-watch.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Clock, Random } from '../../time/clock.ts';
import { readServiceAccount } from './service-account.ts';
import type { FcmApp } from './settings.ts';

export interface FcmOptions extends CredentialWatching {
  readonly app: FcmApp;
  readonly clockWatch?: Pick<ClockWatch, 'note'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A service account in use. */
export interface Sender {
  readonly tokens: AccessTokens;
  /** Path that messages are posted to; the account's file names the project. */
  readonly path: string;
}

/** Watches the file of the service account. `current` is undefined until the file can be used. */
export function watchServiceAccount(options: FcmOptions): CredentialFile<Sender> {
  const { app, clock, random, log, clockWatch } = options;
  const { tokenEndpoint, ca, proxy, serviceAccountFile } = app;

  function read(content: Uint8Array): Sender {
    const account = readServiceAccount(content);
    const credential = googleCredential({
      account,
      ...(tokenEndpoint !== undefined && { tokenEndpoint }),
      ...(ca !== undefined && { ca }),
      ...(proxy && { proxy }),
      onDate: (date) => clockWatch?.note(date),
      clock,
    });
    const fetchToken = async (signal: AbortSignal) => {
      const { access_token: token, expires_in: lifeSeconds } = await credential.getAccessToken(signal);
      return { token, lifeMs: lifeSeconds * 1_000 };
    };
    return {
      tokens: createAccessTokens({ fetchToken, app: app.name, clock, random, log }),
      path: `/v1/projects/${encodeURIComponent(account.projectId)}/messages:send`,
    };
  }

  function readFirst(): { value: Sender; content: Uint8Array } | undefined {
    try {
      const content = readFileSync(serviceAccountFile);
      return { value: read(content), content };
    } catch {
      // The first check reports what is wrong.
      return undefined;
    }
  }

  return watchCredentialFile({ ...options, app: app.name, path: serviceAccountFile, initial: readFirst(), read });
}
