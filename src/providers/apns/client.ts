/** APNs for one app: developer.apple.com, "Sending notification requests to APNs". */
import type { Clock, Random } from '../../time/clock.ts';
import type { ApnsApp } from './settings.ts';
import type { Device, Provider } from '../provider.ts';
import type { Environment } from '../../core/registration.ts';
import type { PushResult, Push } from '../../core/push.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { CredentialWatching } from '../credential-file.ts';
import { assembleProvider } from '../assemble.ts';
import { readRetryAfter } from '../transport/retry-after.ts';
import { createTransport, type Transport, type TransportResult } from '../transport/transport.ts';
import { type ApnsIdentity, watchApnsCredentials } from './credentials.ts';
import { apnsHints } from './hints.ts';
import { judgeAnswer, judgeFailure, type Meaning, readReason } from './results.ts';
import { composePush, largestCiphertext } from './payload.ts';
import { createProviderTokens, type ProviderTokens } from './provider-tokens.ts';

const origins: Readonly<Record<Environment, string>> = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
};

/** A refused device token is believed dead only if so lately another one was accepted: else the fault is ours. */
export const believableWithinMs = 3_600_000;

/**
 * A device that registered again after APNs found its token dead: APNs has yet to learn of it. Milliseconds until the
 * next attempt.
 */
const staleNewsAfterMs = 10 * 60_000;

export interface ApnsOptions extends CredentialWatching {
  readonly app: ApnsApp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared by the apps of one process, so that apps with the same key share its token. */
  readonly tokens?: ProviderTokens;
}

interface Attempt {
  /** Who we were to APNs. */
  readonly identity?: ApnsIdentity;
  readonly meaning: Meaning;
  readonly reason: string;
  readonly afterMs?: number;
  readonly timestampMs?: number;
  readonly scope?: 'device';
}

/** @throws Error if the app's certificate cannot be used. A key that cannot sign makes every outcome `misconfigured`. */
export function createApns(options: ApnsOptions): Provider {
  const { app, clock, random, metrics } = options;
  const tokens = options.tokens ?? createProviderTokens({ clock });
  const credentials = watchApnsCredentials({ ...options, tokens, onReplaced });
  const transports = new Map<Environment, Transport>();
  /** Those of earlier credentials, until their last request is answered. */
  const retiring = new Set<Promise<void>>();
  const deliveredAtMs = new Map<Environment, number>();

  function transportTo(environment: Environment): Transport {
    const known = transports.get(environment);
    if (known) return known;
    const identity = credentials.current;
    const origin = (environment === 'sandbox' ? app.sandboxEndpoint : undefined) ?? app.endpoint;
    const transport = createTransport({
      origin: origin ?? origins[environment],
      protocol: 'h2',
      ca: app.ca,
      proxy: app.proxy,
      identity: identity.kind === 'certificate' ? identity.certificate.identity : undefined,
      // Anything but a word about our credentials, the service or the connection was said to somebody accepted.
      provesAcceptance: (status) => status === 200 || status === 400 || status === 410 || status === 413,
      clock,
      random,
    });
    transports.set(environment, transport);
    return transport;
  }

  /** A certificate is shown when a connection is made; Apple wants those of a key that was revoked closed, too. */
  function onReplaced(): void {
    // What the earlier one delivered says nothing about the tokens that this one finds dead.
    deliveredAtMs.clear();
    for (const transport of transports.values()) retire(transport);
    transports.clear();
    options.onReplaced?.();
  }

  function retire(transport: Transport): void {
    const drained = transport.drain();
    retiring.add(drained);
    void drained.then(() => retiring.delete(drained));
  }

  async function send(push: Push, device: Device, deadlineMs: number): Promise<PushResult> {
    const composed = composePush(push, app);
    if (composed.kind === 'refused') return { ...composed, unsent: true };
    if (composed.oversize) metrics.oversize.inc({ app: app.name });
    const endsAtMs = clock.monotonic() + deadlineMs;
    const [first, second] = environmentsOf(device);
    const identity = credentials.current;
    const trial = async (environment: Environment) => {
      return { ...(await attempt(identity, environment, composed, device, endsAtMs)), identity };
    };
    const answered = await trial(first);
    if (answered.meaning !== 'doubtful') return aside(conclude(answered, first, device), first);
    if (second !== undefined) {
      const other = await trial(second);
      if (other.meaning !== 'doubtful') return aside(conclude(other, second, device), second);
    }
    const { reason } = answered;
    if (isBelievable(first)) return { kind: 'gone', reason, doubtful: true };
    return { kind: 'misconfigured', reason, scope: 'device' };
  }

  /** What is wrong with the sandbox, where only an `auto` app's testers are, spares production nothing. */
  function aside(outcome: PushResult, environment: Environment): PushResult {
    const isAside = app.environment === 'auto' && environment === 'sandbox';
    const isTrouble = outcome.kind === 'retry' || outcome.kind === 'misconfigured';
    return isAside && isTrouble ? { ...outcome, scope: 'device' } : outcome;
  }

  /** Where to try, in this order. */
  function environmentsOf({ environment }: Device): [Environment, Environment?] {
    if (app.environment !== 'auto') return [app.environment];
    return environment === 'sandbox' ? ['sandbox', 'production'] : ['production', 'sandbox'];
  }

  function isBelievable(environment: Environment): boolean {
    const latest = deliveredAtMs.get(environment);
    return latest !== undefined && clock.monotonic() - latest <= believableWithinMs;
  }

  /** One request, and a second one if only our token was too old. */
  async function attempt(
    identity: ApnsIdentity,
    environment: Environment,
    composed: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
    device: Device,
    endsAtMs: number,
  ): Promise<Attempt> {
    const post = async (token: string | undefined): Promise<Attempt> => {
      const result = await transportTo(environment).send({
        path: `/3/device/${encodeURIComponent(device.token)}`,
        headers: token === undefined ? composed.headers : { ...composed.headers, authorization: `bearer ${token}` },
        body: composed.body,
        deadlineMs: Math.max(0, endsAtMs - clock.monotonic()),
      });
      return judge(result);
    };
    if (identity.kind === 'certificate')
      return excuse(await post(undefined), identity.certificate.expiresAtMs <= clock.now());
    let token: string;
    try {
      token = await tokens.current(identity.key);
    } catch {
      return { meaning: 'misconfigured', reason: 'unusable-key' };
    }
    const answered = await post(token);
    if (answered.meaning !== 'renew') return answered;
    const newer = await tokens.replace(identity.key, token);
    return newer === undefined ? answered : await post(newer);
  }

  /** What APNs says to a certificate that has expired, or leaves unsaid when TLS ends the connection. */
  function excuse(answered: Attempt, isExpired: boolean): Attempt {
    const isRefused = answered.meaning === 'misconfigured' || answered.reason === 'connection';
    return isExpired && isRefused ? { meaning: 'misconfigured', reason: 'expired-certificate' } : answered;
  }

  function judge(result: TransportResult): Attempt {
    if (result.kind === 'failure') {
      metrics.attempts.inc({ app: app.name, status: '-', reason: result.reason });
      return { meaning: judgeFailure(result), reason: result.reason };
    }
    const { reason: word, timestampMs } = readReason(result.body);
    const { meaning, reason, scope } = judgeAnswer(result.status, word);
    metrics.attempts.inc({ app: app.name, status: String(result.status), reason });
    const afterMs = readRetryAfter(result.headers, clock.now());
    return {
      meaning,
      reason,
      ...(afterMs !== undefined && { afterMs }),
      ...(timestampMs !== undefined && { timestampMs }),
      ...(scope && { scope }),
    };
  }

  function conclude(answered: Attempt, environment: Environment, device: Device): PushResult {
    const { identity, meaning, reason, afterMs, timestampMs, scope } = answered;
    switch (meaning) {
      case 'delivered':
        if (identity === credentials.current) deliveredAtMs.set(environment, clock.monotonic());
        metrics.lastDelivered.set({ app: app.name }, Math.floor(clock.now() / 1000));
        return { kind: 'delivered', ...(app.environment === 'auto' && { environment }) };
      case 'gone':
        if (timestampMs !== undefined && timestampMs <= device.registeredAtMs)
          return { kind: 'retry', reason, afterMs: afterMs ?? staleNewsAfterMs, scope: 'device' };
        return { kind: 'gone', reason };
      // Still too old after one renewal, or renewed less than 20 minutes ago: our clock is wrong.
      case 'renew':
      case 'retry':
        return { kind: 'retry', reason, ...(afterMs !== undefined && { afterMs }), ...(scope && { scope }) };
      case 'doubtful':
      case 'misconfigured':
        return { kind: 'misconfigured', reason };
      case 'refused':
        return { kind: 'refused', reason };
    }
  }

  return assembleProvider({
    app,
    clock,
    metrics,
    send,
    largestCiphertext: (account) => largestCiphertext(account, app),
    hints: apnsHints,
    credentials,
    async close() {
      await Promise.all([...retiring, ...[...transports.values()].map((transport) => transport.drain())]);
    },
  });
}
