/** The APNs credentials of an app, a key or a certificate, read again when their file changes. */
import type { Clock } from '../../time/clock.ts';
import type { ApnsApp } from './settings.ts';
import type { Concern } from '../provider.ts';
import type { Secret } from '../../core/secret.ts';
import { createSecret } from '../../core/secret.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { CredentialError, type CredentialWatching, watchCredentialFile } from '../credential-file.ts';
import type { WatchedCredentials } from '../assemble.ts';
import { type PushCertificate, readPushCertificate } from './certificate.ts';
import { apnsHints } from './hints.ts';
import type { ProviderTokens, TokenKey } from './provider-tokens.ts';

/** What Sealpost authenticates to APNs with. */
export type ApnsIdentity =
  | { readonly kind: 'token'; readonly key: TokenKey }
  | { readonly kind: 'certificate'; readonly certificate: PushCertificate };

export interface ApnsCredentials extends WatchedCredentials {
  readonly current: ApnsIdentity;
}

export interface ApnsCredentialsOptions extends CredentialWatching {
  readonly app: ApnsApp;
  readonly tokens: ProviderTokens;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const dayMs = 86_400_000;

/** Days left in which somebody with access to the Apple account can make a new certificate. */
const warnBeforeEndMs = 14 * dayMs;

/**
 * Watches the app's credential file.
 * @throws Error if the app's certificate cannot be used
 */
export function watchApnsCredentials(options: ApnsCredentialsOptions): ApnsCredentials {
  const { app, tokens, clock, log, metrics } = options;
  const { credentials } = app;

  function noteExpiry({ expiresAtMs }: PushCertificate): void {
    metrics.credentialExpiry.set({ app: app.name, kind: 'certificate' }, Math.floor(expiresAtMs / 1000));
    const concern = describeExpiry(expiresAtMs - clock.now());
    if (concern) log.warn({ app: app.name, hint: concern.hint }, concern.reason);
  }

  async function readKey(content: Uint8Array): Promise<ApnsIdentity> {
    const key = { ...(credentials as TokenKey), key: createSecret(Buffer.from(content).toString('utf8')) };
    try {
      await tokens.current(key);
    } catch (error) {
      throw new CredentialError(
        `contains no key that can sign for APNs (${errorCode(error)})`,
        apnsHints['unusable-key'],
      );
    }
    return { kind: 'token', key };
  }

  function readCertificate(content: Uint8Array, passphrase: Secret | undefined): ApnsIdentity {
    let certificate: PushCertificate;
    try {
      certificate = readPushCertificate(content, passphrase);
    } catch (error) {
      const hint = 'put a file with the same passphrase in its place; a new passphrase needs a restart';
      throw new CredentialError(`cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`, hint);
    }
    return { kind: 'certificate', certificate };
  }

  /** At the start an expired certificate is accepted, as there may be no other; later the current one is as good. */
  function readNextCertificate(content: Uint8Array, passphrase: Secret | undefined): ApnsIdentity {
    const next = readCertificate(content, passphrase);
    if (next.kind === 'certificate') {
      if (next.certificate.expiresAtMs <= clock.now())
        throw new CredentialError('contains a certificate that has expired', apnsHints.BadCertificate);
      noteExpiry(next.certificate);
    }
    return next;
  }

  const initial: ApnsIdentity =
    credentials.kind === 'token'
      ? { kind: 'token', key: credentials }
      : readCertificate(credentials.file, credentials.passphrase);
  const file = watchCredentialFile<ApnsIdentity>({
    ...options,
    app: app.name,
    path: credentials.path,
    initial: {
      value: initial,
      content: credentials.kind === 'token' ? Buffer.from(credentials.key.reveal()) : credentials.file,
    },
    read: (content) =>
      credentials.kind === 'token' ? readKey(content) : readNextCertificate(content, credentials.passphrase),
  });
  if (initial.kind === 'certificate') noteExpiry(initial.certificate);

  const current = () => file.current ?? initial;
  return {
    get current() {
      return current();
    },
    get concern() {
      const held = current();
      if (file.concern || held.kind === 'token') return file.concern;
      return describeExpiry(held.certificate.expiresAtMs - clock.now());
    },
    check: () => file.check(),
    stop: () => file.stop(),
  };
}

/** What an operator should attend to; undefined while enough time is left. */
export function describeExpiry(leftMs: number): Concern | undefined {
  if (leftMs > warnBeforeEndMs) return undefined;
  const hint = apnsHints.BadCertificate;
  if (leftMs <= 0) return { reason: 'the push certificate has expired', hint };
  const days = Math.floor(leftMs / dayMs);
  const left = days === 0 ? 'in less than a day' : days === 1 ? 'in 1 day' : `in ${days} days`;
  return { reason: `the push certificate expires ${left}`, hint };
}
