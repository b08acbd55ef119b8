/** FCM client of one app: firebase.google.com, "FCM v1 API", `projects.messages.send`. */
import type { Device, OnStatus, Provider } from '../provider.ts';
import type { PushResult, Push } from '../../core/push.ts';
import { assembleProvider } from '../assemble.ts';
import { readRetryAfter } from '../transport/retry-after.ts';
import type { TransportResult } from '../transport/contract.ts';
import { createTransport } from '../transport/transport.ts';
import { type NoToken, reasonWithoutToken } from './access-tokens.ts';
import { fcmHints } from './hints.ts';
import { createBelief, type ResultRow, resultOfFailure } from '../results.ts';
import { readReason, resultOfAnswer } from './results.ts';
import { composePush, largestCiphertext } from './payload.ts';
import { type FcmOptions, type Sender, watchServiceAccount } from './sender.ts';

const googleOrigin = 'https://fcm.googleapis.com';

/** Google, "FCM error codes": if the quota is used up and `Retry-After` is absent, wait a minute. Milliseconds. */
const quotaPauseMs = 60_000;

/** Result of one request. */
interface Attempt extends Pick<ResultRow, 'result' | 'reason' | 'scope'> {
  /** The service account that the request was sent with. */
  readonly sender?: Sender;
  readonly afterMs?: number;
}

function withoutToken(token: NoToken | undefined): Attempt {
  if (token === undefined) return { result: 'retry', reason: 'oauth-timeout', scope: 'app' };
  const reason = reasonWithoutToken(token);
  if (token.refused) return { result: 'misconfigured', reason, scope: 'app' };
  return { result: 'retry', reason, scope: 'app' };
}

/** Makes the provider of one app. While its service account cannot be used, every result is `misconfigured`. */
export function createFcm(options: FcmOptions): Provider {
  const { app, clock, random, metrics } = options;
  const belief = createBelief(clock);
  const account = watchServiceAccount({
    ...options,
    onReplaced() {
      belief.forget();
      options.onReplaced?.();
    },
  });
  const transport = createTransport({
    origin: app.endpoint ?? googleOrigin,
    protocol: 'h1',
    inFlight: app.inFlight,
    ca: app.ca,
    proxy: app.proxy,
    identity: undefined,
    clock,
    random,
  });

  /** Ends the waiting for an access token of each push that waits for one. */
  const waiting = new Set<() => void>();

  async function send(push: Push, device: Device, deadlineMs: number, onStatus?: OnStatus): Promise<PushResult> {
    const composed = composePush(push, device.token, app, clock.now());
    if (composed.kind === 'payload-rejected') return { ...composed, unsent: true };
    if (composed.oversize) metrics.oversize.inc({ app: app.name });
    const endsAtMs = clock.monotonic() + deadlineMs;
    const first = await attempt(composed.body, endsAtMs, onStatus);
    // The access token was discarded, so the second attempt gets a new one.
    return conclude(first.result === 'renew-credential' ? await attempt(composed.body, endsAtMs, onStatus) : first);
  }

  async function attempt(body: Buffer, endsAtMs: number, onStatus: OnStatus | undefined): Promise<Attempt> {
    const sender = account.current;
    if (!sender) return { result: 'misconfigured', reason: 'unusable-account', scope: 'app' };
    const { tokens, path } = sender;
    const held = tokens.current();
    const token = held instanceof Promise ? await within(held, endsAtMs) : held;
    if (typeof token !== 'string') return unsent(token);
    const result = await transport.send({
      path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
      deadlineMs: Math.max(0, endsAtMs - clock.monotonic()),
    });
    if (result.kind === 'answer') onStatus?.(result.status);
    const answered = read(result);
    if (answered.result === 'renew-credential') tokens.discard(token);
    else if (answered.result === 'accepted') tokens.confirm();
    return { ...answered, sender };
  }

  /** Without an access token nothing is sent. Undefined: the time of the push was over first. */
  function unsent(token: NoToken | undefined): Attempt {
    const attempted = withoutToken(token);
    metrics.attempts.inc({ app: app.name, status: '-', reason: attempted.reason });
    return attempted;
  }

  /** Resolves with undefined if the push runs out of time. */
  async function within<T>(work: Promise<T>, endsAtMs: number): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = () => resolve(undefined);
    const cancel = clock.after(Math.max(0, endsAtMs - clock.monotonic()), end);
    waiting.add(end);
    const first = await Promise.race([work, promise]);
    waiting.delete(end);
    cancel();
    return first;
  }

  function read(answer: TransportResult): Attempt {
    if (answer.kind === 'failure') {
      metrics.attempts.inc({ app: app.name, status: '-', reason: answer.reason });
      return resultOfFailure(answer);
    }
    options.clockWatch?.note(answer.headers.date);
    const said = answer.status === 200 ? {} : readReason(answer.body);
    const { result, reason, scope } = resultOfAnswer(answer.status, said);
    metrics.attempts.inc({ app: app.name, status: String(answer.status), reason });
    const asked = readRetryAfter(answer.headers, clock.now());
    const afterMs = asked ?? (answer.status === 429 ? quotaPauseMs : undefined);
    return { result, reason, scope, ...(afterMs !== undefined && { afterMs }) };
  }

  function conclude({ sender, result, reason, scope, afterMs }: Attempt): PushResult {
    switch (result) {
      case 'accepted':
        if (sender === account.current) belief.noteAccepted();
        metrics.lastDelivered.set({ app: app.name }, Math.floor(clock.now() / 1000));
        return { kind: 'accepted' };
      case 'doubtful-token':
        if (belief.isBelievable) return { kind: 'dead-token', reason, doubtful: true };
        return { kind: 'misconfigured', reason, scope };
      case 'retry':
        return { kind: 'retry', reason, scope, ...(afterMs !== undefined && { afterMs }) };
      // Refused with a new access token.
      case 'renew-credential':
      case 'misconfigured':
        return { kind: 'misconfigured', reason, scope };
      case 'dead-token':
      case 'payload-rejected':
        return { kind: result, reason };
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
    hurry() {
      for (const end of waiting) end();
      transport.hurry();
    },
    close: () => transport.drain(),
  });
}
