/** FCM for one app: firebase.google.com, "FCM v1 API", `projects.messages.send`. */
import type { Clock, Random } from '../../time/clock.ts';
import type { Device, Provider } from '../provider.ts';
import type { FcmApp } from './settings.ts';
import type { PushResult, Push } from '../../core/push.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { CredentialWatching } from '../credential-file.ts';
import { assembleProvider } from '../assemble.ts';
import { readRetryAfter } from '../transport/retry-after.ts';
import { createTransport, type TransportResult } from '../transport/transport.ts';
import { fcmHints } from './hints.ts';
import { judgeAnswer, judgeFailure, type Meaning, readReason } from './results.ts';
import { composePush, largestCiphertext } from './payload.ts';
import { type Sender, watchServiceAccount } from './sender.ts';

const googleOrigin = 'https://fcm.googleapis.com';

/** A token of another sender is believed dead only if so lately another one was accepted: else the fault is ours. */
export const believableWithinMs = 3_600_000;

/** Google, "FCM error codes": without `Retry-After`, wait a minute when the quota is used up. Milliseconds. */
const quotaPauseMs = 60_000;

export interface FcmOptions extends CredentialWatching {
  readonly app: FcmApp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

interface Attempt {
  /** Who we were to FCM. */
  readonly sender?: Sender;
  readonly meaning: Meaning;
  readonly reason: string;
  readonly afterMs?: number;
  readonly scope?: 'unclear';
}

/** A service account that cannot be used makes every outcome `misconfigured`, until its file is right. */
export function createFcm(options: FcmOptions): Provider {
  const { app, clock, random, metrics } = options;
  const account = watchServiceAccount({
    ...options,
    onReplaced() {
      // What the earlier one delivered says nothing about the tokens that this one finds dead.
      deliveredAtMs = undefined;
      options.onReplaced?.();
    },
  });
  const transport = createTransport({
    origin: app.endpoint ?? googleOrigin,
    protocol: 'h1',
    ca: app.ca,
    proxy: app.proxy,
    identity: undefined,
    clock,
    random,
  });
  let deliveredAtMs: number | undefined;

  async function send(push: Push, device: Device, deadlineMs: number): Promise<PushResult> {
    const composed = composePush(push, device.token, app, clock.now());
    if (composed.kind === 'refused') return { ...composed, unsent: true };
    if (composed.oversize) metrics.oversize.inc({ app: app.name });
    const endsAtMs = clock.monotonic() + deadlineMs;
    const first = await attempt(composed.body, endsAtMs);
    // The token was discarded: the second attempt asks for a new one.
    return conclude(first.meaning === 'renew' ? await attempt(composed.body, endsAtMs) : first);
  }

  async function attempt(body: Buffer, endsAtMs: number): Promise<Attempt> {
    const sender = account.current;
    if (!sender) return { meaning: 'misconfigured', reason: 'unusable-account' };
    const { tokens, path } = sender;
    const held = tokens.current();
    const token = held instanceof Promise ? await within(held, endsAtMs) : held;
    if (token === undefined) return { meaning: 'retry', reason: 'oauth-timeout' };
    if (typeof token !== 'string')
      return token.refused
        ? { meaning: 'misconfigured', reason: 'oauth-refused' }
        : { meaning: 'retry', reason: 'oauth-unavailable' };
    const result = await transport.send({
      path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      deadlineMs: Math.max(0, endsAtMs - clock.monotonic()),
    });
    const answered = judge(result);
    if (answered.meaning === 'renew') tokens.discard(token);
    else if (answered.meaning === 'delivered') tokens.confirm();
    return { ...answered, sender };
  }

  /** Resolves with undefined when the push has no time left. */
  async function within<T>(work: Promise<T>, endsAtMs: number): Promise<T | undefined> {
    let cancel = () => {};
    const end = new Promise<undefined>((resolve) => {
      cancel = clock.after(Math.max(0, endsAtMs - clock.monotonic()), () => resolve(undefined));
    });
    const first = await Promise.race([work, end]);
    cancel();
    return first;
  }

  function judge(result: TransportResult): Attempt {
    if (result.kind === 'failure') {
      metrics.attempts.inc({ app: app.name, status: '-', reason: result.reason });
      return { meaning: judgeFailure(result), reason: result.reason };
    }
    const { meaning, reason, scope } = judgeAnswer(result.status, result.status === 200 ? {} : readReason(result.body));
    metrics.attempts.inc({ app: app.name, status: String(result.status), reason });
    const asked = readRetryAfter(result.headers, clock.now());
    const afterMs = asked ?? (result.status === 429 ? quotaPauseMs : undefined);
    return { meaning, reason, ...(afterMs !== undefined && { afterMs }), ...(scope && { scope }) };
  }

  function conclude({ sender, meaning, reason, afterMs, scope }: Attempt): PushResult {
    switch (meaning) {
      case 'delivered':
        if (sender === account.current) deliveredAtMs = clock.monotonic();
        metrics.lastDelivered.set({ app: app.name }, Math.floor(clock.now() / 1000));
        return { kind: 'delivered' };
      case 'doubtful': {
        const believable = deliveredAtMs !== undefined && clock.monotonic() - deliveredAtMs <= believableWithinMs;
        if (believable) return { kind: 'gone', reason, doubtful: true };
        return { kind: 'misconfigured', reason, scope: 'device' };
      }
      case 'retry':
        return { kind: 'retry', reason, ...(afterMs !== undefined && { afterMs }), ...(scope && { scope }) };
      // Refused with a token that was made for this very attempt.
      case 'renew':
      case 'misconfigured':
        return { kind: 'misconfigured', reason };
      case 'gone':
      case 'refused':
        return { kind: meaning, reason };
    }
  }

  return assembleProvider({
    app,
    clock,
    metrics,
    send,
    largestCiphertext,
    hints: fcmHints,
    credentials: account,
    close: () => transport.drain(),
  });
}
