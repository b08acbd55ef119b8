/** APNs client of one app: developer.apple.com, "Sending notification requests to APNs". */
import type { Clock, Random } from '../../time/clock.ts';
import type { ApnsApp } from './settings.ts';
import type { Device, OnStatus, Provider } from '../provider.ts';
import type { Environment } from '../../core/registration.ts';
import type { PushResult, Push } from '../../core/push.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ClockWatch } from '../clock-watch.ts';
import type { CredentialWatching } from '../credential-file.ts';
import { assembleProvider } from '../assemble.ts';
import { readRetryAfter } from '../transport/retry-after.ts';
import type { TransportResult } from '../transport/contract.ts';
import { createTransport, type Transport } from '../transport/transport.ts';
import { type ApnsIdentity, watchApnsCredentials } from './credentials.ts';
import { apnsHints } from './hints.ts';
import { createBelief, type ResultRow, resultOfFailure } from '../results.ts';
import { readReason, resultOfAnswer } from './results.ts';
import { composePush, largestCiphertext } from './payload.ts';
import { createProviderTokens, type ProviderTokens } from './provider-tokens.ts';

const origins: Readonly<Record<Environment, string>> = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
};

/** Milliseconds to the next attempt if the device registered after APNs found its token dead, until APNs notices. */
const staleNewsAfterMs = 10 * 60_000;

export interface ApnsOptions extends CredentialWatching {
  readonly app: ApnsApp;
  readonly clockWatch?: Pick<ClockWatch, 'note'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Provider tokens, shared by all apps of the process so that apps with the same key share its token. */
  readonly tokens?: ProviderTokens;
}

/** One push, on its way to one or both environments. */
interface ApnsRequest {
  readonly composed: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };
  readonly device: Device;
  /** Monotonic, milliseconds. */
  readonly endsAtMs: number;
  readonly onStatus: OnStatus | undefined;
}

/** Result of one request. */
interface Attempt extends Pick<ResultRow, 'result' | 'reason' | 'scope'> {
  readonly afterMs?: number;
  /** When APNs found the token dead, milliseconds since 1970. */
  readonly timestampMs?: number;
}

/**
 * Makes the provider of one app. If its key cannot sign, every result is `misconfigured`.
 * @throws Error if the app's certificate cannot be used
 */
export function createApns(options: ApnsOptions): Provider {
  const { app, clock, random, metrics } = options;
  const tokens = options.tokens ?? createProviderTokens({ clock });
  const credentials = watchApnsCredentials({ ...options, tokens, onReplaced });
  const transports = new Map<Environment, Transport>();
  /** Transports with replaced credentials, until their last request is answered. */
  const retiring = new Map<Transport, Promise<void>>();
  const beliefs = { production: createBelief(clock), sandbox: createBelief(clock) };

  function transportTo(environment: Environment): Transport {
    const known = transports.get(environment);
    if (known) return known;
    const identity = credentials.current;
    const origin = (environment === 'sandbox' ? app.sandboxEndpoint : undefined) ?? app.endpoint;
    const transport = createTransport({
      origin: origin ?? origins[environment],
      protocol: 'h2',
      inFlight: app.inFlight,
      ca: app.ca,
      proxy: app.proxy,
      identity: identity.kind === 'certificate' ? identity.certificate.identity : undefined,
      // APNs only gives these statuses after it has accepted our credentials.
      provesAcceptance: (status) => status === 200 || status === 400 || status === 410 || status === 413,
      clock,
      random,
    });
    transports.set(environment, transport);
    return transport;
  }

  /** Opens new connections, as certificates are shown on connecting and Apple wants those of a revoked key closed. */
  function onReplaced(): void {
    for (const belief of Object.values(beliefs)) belief.forget();
    for (const transport of transports.values()) retire(transport);
    transports.clear();
    options.onReplaced?.();
  }

  function retire(transport: Transport): void {
    const drained = transport.drain();
    retiring.set(transport, drained);
    void drained.then(() => retiring.delete(transport));
  }

  async function send(push: Push, device: Device, deadlineMs: number, onStatus?: OnStatus): Promise<PushResult> {
    const composed = composePush(push, app);
    if (composed.kind === 'payload-rejected') return { ...composed, unsent: true };
    if (composed.oversize) metrics.oversize.inc({ app: app.name });
    const request = { composed, device, endsAtMs: clock.monotonic() + deadlineMs, onStatus };
    const [first, second] = environmentsOf(device);
    const identity = credentials.current;
    const answered = await attempt(identity, first, request);
    if (answered.result !== 'doubtful-token')
      return confineToDevice(conclude(answered, identity, first, device), first);
    if (second !== undefined) {
      const other = await attempt(identity, second, request);
      if (other.result !== 'doubtful-token') return confineToDevice(conclude(other, identity, second, device), second);
    }
    const { reason, scope } = answered;
    if (beliefs[first].isBelievable) return { kind: 'dead-token', reason, doubtful: true };
    return { kind: 'misconfigured', reason, scope };
  }

  /** Only testers of an `auto` app are in the sandbox, so a failure there does not concern the whole app. */
  function confineToDevice(result: PushResult, environment: Environment): PushResult {
    const isTester = app.environment === 'auto' && environment === 'sandbox';
    const isFailure = result.kind === 'retry' || result.kind === 'misconfigured';
    return isTester && isFailure ? { ...result, scope: 'device' } : result;
  }

  /** The environments to try, in this order. */
  function environmentsOf({ environment }: Device): [Environment, Environment?] {
    if (app.environment !== 'auto') return [app.environment];
    return environment === 'sandbox' ? ['sandbox', 'production'] : ['production', 'sandbox'];
  }

  /** Sends one request, and a second one if our provider token had expired. */
  async function attempt(
    identity: ApnsIdentity,
    environment: Environment,
    { composed, device, endsAtMs, onStatus }: ApnsRequest,
  ): Promise<Attempt> {
    const post = async (token: string | undefined): Promise<Attempt> => {
      const result = await transportTo(environment).send({
        path: `/3/device/${encodeURIComponent(device.token)}`,
        headers: token === undefined ? composed.headers : { ...composed.headers, authorization: `bearer ${token}` },
        body: composed.body,
        deadlineMs: Math.max(0, endsAtMs - clock.monotonic()),
      });
      if (result.kind === 'answer') onStatus?.(result.status);
      return read(result);
    };
    if (identity.kind === 'certificate')
      return blameExpiry(await post(undefined), identity.certificate.expiresAtMs <= clock.now());
    let token: string;
    try {
      token = await tokens.current(identity.key);
    } catch {
      return { result: 'misconfigured', reason: 'unusable-key', scope: 'app' };
    }
    const answered = await post(token);
    if (answered.result !== 'renew-credential') return answered;
    const newer = await tokens.replace(identity.key, token);
    return newer === undefined ? answered : await post(newer);
  }

  /** Blames an expired certificate if APNs refuses it or ends the TLS connection without a reason. */
  function blameExpiry(answered: Attempt, isExpired: boolean): Attempt {
    const isRefused = answered.result === 'misconfigured' || answered.reason === 'connection';
    if (!isExpired || !isRefused) return answered;
    return { result: 'misconfigured', reason: 'expired-certificate', scope: 'app' };
  }

  function read(answer: TransportResult): Attempt {
    if (answer.kind === 'failure') {
      metrics.attempts.inc({ app: app.name, status: '-', reason: answer.reason });
      return resultOfFailure(answer);
    }
    options.clockWatch?.note(answer.headers.date);
    const { reason: word, timestampMs } = readReason(answer.body);
    const { result, reason, scope } = resultOfAnswer(answer.status, word);
    metrics.attempts.inc({ app: app.name, status: String(answer.status), reason });
    const afterMs = readRetryAfter(answer.headers, clock.now());
    return {
      result,
      reason,
      scope,
      ...(afterMs !== undefined && { afterMs }),
      ...(timestampMs !== undefined && { timestampMs }),
    };
  }

  function conclude(
    { result, reason, scope, afterMs, timestampMs }: Attempt,
    identity: ApnsIdentity,
    environment: Environment,
    device: Device,
  ): PushResult {
    switch (result) {
      case 'accepted':
        if (identity === credentials.current) beliefs[environment].noteAccepted();
        metrics.lastDelivered.set({ app: app.name }, Math.floor(clock.now() / 1000));
        return { kind: 'accepted', ...(app.environment === 'auto' && { environment }) };
      case 'dead-token':
        if (timestampMs !== undefined && timestampMs <= device.registeredAtMs)
          return { kind: 'retry', reason, afterMs: afterMs ?? staleNewsAfterMs, scope: 'device' };
        return { kind: 'dead-token', reason };
      // Expired even after a renewal, or renewed less than 20 minutes ago: our clock is wrong.
      case 'renew-credential':
      case 'retry':
        return { kind: 'retry', reason, scope, ...(afterMs !== undefined && { afterMs }) };
      case 'doubtful-token':
      case 'misconfigured':
        return { kind: 'misconfigured', reason, scope };
      case 'payload-rejected':
        return { kind: 'payload-rejected', reason };
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
    hurry() {
      for (const transport of [...retiring.keys(), ...transports.values()]) transport.hurry();
    },
    async close() {
      await Promise.all([...retiring.values(), ...[...transports.values()].map((transport) => transport.drain())]);
    },
  });
}
