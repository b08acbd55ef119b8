/** APNs for one app: developer.apple.com, "Sending notification requests to APNs". */
import type { Clock, Random } from '../../clock.ts';
import type { ApnsApp, Device, Environment, Outcome, Provider, Push } from '../../push.ts';
import { errorWord, type Log, type Metrics } from '../../telemetry.ts';
import { assembleProvider } from '../provider.ts';
import { readRetryAfter } from '../retry-after.ts';
import { createTransport, type Transport, type TransportResult } from '../transport.ts';
import type { ClientIdentity } from '../transport-connection.ts';
import { readPushCertificate } from './certificate.ts';
import { judgeAnswer, judgeFailure, type Meaning, readReason } from './outcomes.ts';
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

export interface ApnsOptions {
  readonly app: ApnsApp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Shared by the apps of one process, so that apps with the same key share its token. */
  readonly tokens?: ProviderTokens;
}

interface Attempt {
  readonly meaning: Meaning;
  readonly reason: string;
  readonly afterMs?: number;
  readonly timestampMs?: number;
  readonly scope?: 'device';
}

/** @throws Error if the app's certificate cannot be used. A key that cannot sign makes every outcome `misconfigured`. */
export function createApns(options: ApnsOptions): Provider {
  const { app, clock, random, log, metrics } = options;
  const tokens = options.tokens ?? createProviderTokens({ clock });
  const { credentials } = app;
  const identity = credentials.kind === 'certificate' ? loadCertificate(credentials, app, metrics) : undefined;
  const transports = new Map<Environment, Transport>();
  const deliveredAtMs = new Map<Environment, number>();

  function transportTo(environment: Environment): Transport {
    const known = transports.get(environment);
    if (known) return known;
    const origin = (environment === 'sandbox' ? app.sandboxEndpoint : undefined) ?? app.endpoint;
    const transport = createTransport({
      origin: origin ?? origins[environment],
      protocol: 'h2',
      ca: app.ca,
      identity,
      // Anything but a word about our credentials, the service or the connection was said to somebody accepted.
      provesAcceptance: (status) => status === 200 || status === 400 || status === 410 || status === 413,
      clock,
      random,
    });
    transports.set(environment, transport);
    return transport;
  }

  async function send(push: Push, device: Device, deadlineMs: number): Promise<Outcome> {
    const composed = composePush(push, app);
    if (composed.kind === 'refused') return composed;
    if (composed.oversize) metrics.oversize.inc({ app: app.name });
    const endsAtMs = clock.monotonic() + deadlineMs;
    const [first, second] = environmentsOf(device);
    const trial = (environment: Environment) => attempt(environment, composed, device, endsAtMs);
    const answered = await trial(first);
    if (answered.meaning !== 'doubtful') return conclude(answered, first, device);
    if (second !== undefined) {
      const other = await trial(second);
      if (other.meaning !== 'doubtful') return conclude(other, second, device);
    }
    const { reason } = answered;
    if (isBelievable(first)) return { kind: 'gone', reason, doubtful: true };
    return { kind: 'misconfigured', reason, scope: 'device' };
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
    if (credentials.kind === 'certificate') return post(undefined);
    try {
      const token = await tokens.current(credentials);
      const answered = await post(token);
      if (answered.meaning !== 'renew') return answered;
      const newer = await tokens.replace(credentials, token);
      return newer === undefined ? answered : await post(newer);
    } catch (error) {
      const hint = 'key must be the .p8 file of an APNs key, as Apple gave it out';
      log.error({ app: app.name, reason: errorWord(error), hint }, 'the APNs key cannot sign');
      return { meaning: 'misconfigured', reason: 'unusable-key' };
    }
  }

  function judge(result: TransportResult): Attempt {
    if (result.kind === 'failure') {
      metrics.attempts.inc({ app: app.name, status: '-', reason: result.reason });
      return { meaning: judgeFailure(result), reason: result.reason };
    }
    const { reason: word, timestampMs } = readReason(result.body);
    const { meaning, reason, scope } = judgeAnswer(result.status, word);
    metrics.attempts.inc({ app: app.name, status: String(result.status), reason });
    const afterMs = readRetryAfter(result.headers['retry-after'], clock.now());
    return {
      meaning,
      reason,
      ...(afterMs !== undefined && { afterMs }),
      ...(timestampMs !== undefined && { timestampMs }),
      ...(scope && { scope }),
    };
  }

  function conclude(answered: Attempt, environment: Environment, device: Device): Outcome {
    const { meaning, reason, afterMs, timestampMs, scope } = answered;
    switch (meaning) {
      case 'delivered':
        deliveredAtMs.set(environment, clock.monotonic());
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
    async close() {
      await Promise.all([...transports.values()].map((transport) => transport.drain()));
    },
  });
}

function loadCertificate(
  { file, passphrase }: Extract<ApnsApp['credentials'], { kind: 'certificate' }>,
  app: ApnsApp,
  metrics: Metrics,
): ClientIdentity {
  const { identity, expiresAtMs } = readPushCertificate(file, passphrase);
  metrics.credentialExpiry.set({ app: app.name, kind: 'certificate' }, Math.floor(expiresAtMs / 1000));
  return identity;
}
