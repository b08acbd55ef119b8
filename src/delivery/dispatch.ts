import type { Clock } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';
import { answeredStep } from './trace-steps.ts';
import type { Guard } from '../guard/contract.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Device } from '../providers/provider.ts';
import type { Environment, Registration } from '../core/registration.ts';
import type { PushResult } from '../core/push.ts';
import type { Registry } from '../store/registry/contract.ts';
import { foldCase } from '../core/jid.ts';
import type { TraceSink } from '../core/trace.ts';
import { callAlertRoute } from '../core/routing.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { fingerprint, type Log } from '../telemetry/log.ts';
import { noSpans, type Spans } from '../telemetry/spans.ts';
import { endAttempt } from './way.ts';

/** Milliseconds after a failed restore until the next try, since a locked store blocks for five seconds each time. */
const restoreAgainAfterMs = 60_000;

/** What the caller has to do with a push after its dispatch. */
export type Dispatched =
  /** Nothing: the provider accepted the push, if need be in a second form. */
  | { readonly kind: 'sent' }
  /** Drop it: the provider accepts it in no form; the registration is healthy. */
  | { readonly kind: 'payload-rejected' }
  /** Drop it: the registration was removed. */
  | { readonly kind: 'gone' }
  /** Send `pending` later. */
  | { readonly kind: 'retry'; readonly pending: AddressedPush; readonly reason: string; readonly afterMs?: number }
  /** Send `pending` later; our configuration is at fault, or counts as such until an operator decides. */
  | { readonly kind: 'misconfigured'; readonly pending: AddressedPush };

/** Sends pushes and applies their results to the registry. */
export interface Dispatcher {
  /**
   * Sends one push and, where the result asks for it, a second or third form of it. Applies what the results mean for
   * the registration: removes it, drops its second token or notes its environment.
   * @throws when the registry fails at an operation that the answer depends on
   */
  dispatch(
    appSender: AppSender,
    registration: Registration,
    addressed: AddressedPush,
    patienceMs: number,
  ): Promise<Dispatched>;
}

export interface DispatcherOptions {
  readonly registry: Pick<Registry, 'remove' | 'restore' | 'dropSecondToken' | 'rememberEnvironment'>;
  readonly guard: Pick<Guard, 'seePush' | 'isHolding'>;
  /** Called with the result of each push, before anything follows from it. */
  readonly onResult: (registration: Registration, result: PushResult) => void;
  /** Called after a registration was removed because its token is dead. */
  readonly onRemoved: (registration: Registration) => void;
  readonly trace: TraceSink;
  /** Default: none. */
  readonly spans?: Spans;
  readonly clock: Clock;
  readonly log: Log;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { registry, guard, onResult, onRemoved, trace, spans = noSpans, clock, log } = options;
  /** Registrations that could not be restored yet; the guard remembers a limited number per hold. */
  let unrestored: readonly Registration[] = [];
  let restoreAgainAtMs = 0;

  async function dispatch(
    appSender: AppSender,
    registration: Registration,
    addressed: AddressedPush,
    patienceMs: number,
  ) {
    const endsAtMs = clock.monotonic() + patienceMs;
    let current = addressed;
    // Three attempts at most: PushKit, an alert for the call, that alert without content.
    for (;;) {
      const next = await attempt(appSender, registration, current, endsAtMs);
      if ('kind' in next) return next;
      current = next;
    }
  }

  /** Makes one attempt and applies its result. Its span covers both. */
  async function attempt(
    appSender: AppSender,
    registration: Registration,
    addressed: AddressedPush,
    endsAtMs: number,
  ): Promise<Dispatched | AddressedPush> {
    const { push, target } = addressed;
    const beganAtMs = clock.monotonic();
    const span = spans.attempt(push.id);
    let result: PushResult | undefined;
    let httpStatus: number | undefined;
    try {
      result = await appSender.attempt(
        push,
        deviceOf(registration, target),
        Math.max(0, endsAtMs - beganAtMs),
        span && ((status) => void (httpStatus = status)),
      );
      onResult(registration, result);
      if (trace.isActive) trace.add(registration, answeredStep(addressed, result, clock.monotonic() - beganAtMs));
      return await conclude(registration, addressed, result);
    } catch (error) {
      span?.fail(error);
      throw error;
    } finally {
      if (span) endAttempt(span, { provider: appSender.app.provider, push, result, httpStatus });
    }
  }

  /** What the caller has to do with the push, or the form of it to send at once. */
  async function conclude(
    registration: Registration,
    addressed: AddressedPush,
    result: PushResult,
  ): Promise<Dispatched | AddressedPush> {
    const { push, target } = addressed;
    if (unrestored.length > 0) await restoreAgain();
    switch (result.kind) {
      case 'accepted':
        guard.seePush({ registration, target, came: 'accepted' });
        if (result.environment !== undefined) await rememberEnvironment(registration, result.environment);
        return { kind: 'sent' };
      case 'dead-token':
        return removeDead(registration, addressed, result);
      case 'payload-rejected':
        if (!result.unsent) guard.seePush({ registration, target, came: 'accepted' });
        if (push.kind === 'voip') return toCallAlert(addressed);
        if (push.content.kind === 'none') return { kind: 'payload-rejected' };
        return { ...addressed, push: { ...push, content: { kind: 'none' } } };
      case 'misconfigured':
        return { kind: 'misconfigured', pending: addressed };
      case 'retry': {
        const { reason, afterMs } = result;
        return { kind: 'retry', pending: addressed, reason, ...(afterMs !== undefined && { afterMs }) };
      }
    }
  }

  async function removeDead(
    registration: Registration,
    addressed: AddressedPush,
    { reason, doubtful }: Extract<PushResult, { kind: 'dead-token' }>,
  ): Promise<Dispatched | AddressedPush> {
    const { target } = addressed;
    const isSecond = target === 'second' && registration.secondToken !== undefined;
    // It may have told us a newer token, which was lost with the store.
    if (!isSecond && mayHaveNewerToken(registration)) return { kind: 'misconfigured', pending: addressed };
    const verdict = guard.seePush({
      registration,
      target: isSecond ? 'second' : 'first',
      came: doubtful ? 'doubtful' : 'dead',
    });
    if (verdict.kind === 'held') {
      await restore(verdict.toRestore);
      return isSecond ? toCallAlert(addressed) : { kind: 'misconfigured', pending: addressed };
    }
    if (isSecond) {
      await logFailureOf(registration, registry.dropSecondToken(registration.node, registration.secondToken));
    } else if (!(await remove(registration, reason))) {
      // The device registered again meanwhile: the next attempt finds the new token.
      return { kind: 'retry', pending: addressed, reason: 'registered-anew' };
    }
    if (guard.isHolding(registration, isSecond ? 'second' : 'first')) {
      await restore([registration]);
      if (!isSecond) return { kind: 'misconfigured', pending: addressed };
    }
    if (isSecond) return toCallAlert(addressed);
    onRemoved(registration);
    return { kind: 'gone' };
  }

  /**
   * Restores what was removed before the guard began to hold. One by one, so that a registration is not restored again
   * if the device unregisters between two of them.
   */
  async function restore(registrations: readonly Registration[]): Promise<void> {
    if (registrations.length === 0) return;
    let count = 0;
    for (const [i, registration] of registrations.entries()) {
      try {
        count += await registry.restore([registration]);
      } catch (error) {
        const due = registrations.slice(i);
        unrestored = [...unrestored, ...due];
        restoreAgainAtMs = clock.monotonic() + restoreAgainAfterMs;
        const fields = { count: due.length, ...appOf(due), reason: errorCode(error) };
        log.error(fields, 'registrations could not be restored; the next try follows');
        break;
      }
    }
    if (count > 0) log.warn({ count, ...appOf(registrations) }, 'registrations restored whose removal was a mistake');
  }

  /** Tries again at the next push result, even if the guard holds no longer. */
  async function restoreAgain(): Promise<void> {
    if (clock.monotonic() < restoreAgainAtMs) return;
    const due = unrestored;
    unrestored = [];
    await restore(due);
  }

  function toCallAlert({ push, endsAtMs = Infinity }: AddressedPush): AddressedPush {
    const { kind, target, content, lifetimeMs } = callAlertRoute(push.content);
    const leftMs = Math.max(0, Math.min(lifetimeMs, endsAtMs - clock.monotonic()));
    return { push: { ...push, kind, content, expiresAtMs: Math.ceil(clock.now() + leftMs) }, target, endsAtMs };
  }

  async function rememberEnvironment(registration: Registration, environment?: Environment): Promise<void> {
    if (!environment || environment === registration.environment) return;
    await logFailureOf(registration, registry.rememberEnvironment(registration.node, environment));
  }

  /** Logs a failed write instead of failing the push: what it records is only needed for later pushes. */
  async function logFailureOf(registration: Registration, write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      const fields = { app: registration.app, registration: fingerprint(registration.node), reason: errorCode(error) };
      log.warn(fields, 'a registration could not be updated');
    }
  }

  async function remove(registration: Registration, reason: string): Promise<boolean> {
    const removed = await registry.remove(registration.node, registration.registeredAtMs, 'gone');
    const fields = { app: registration.app, registration: fingerprint(registration.node), reason };
    if (removed) log.info(fields, 'registration removed: the provider says that its device token is dead');
    return removed;
  }

  return { dispatch };
}

/** Made of its node and not registered since, by a client that keeps its node when its token changes. */
function mayHaveNewerToken({ isRestored, device, token }: Registration): boolean {
  return isRestored === true && foldCase(device) !== foldCase(token);
}

function appOf([first]: readonly Registration[]): { app?: string } {
  return first ? { app: first.app } : {};
}

function deviceOf(
  { token, secondToken, environment, registeredAtMs }: Registration,
  target: 'first' | 'second',
): Device {
  const addressed = target === 'second' ? secondToken : token;
  // The first token is no substitute: the provider would refuse it with a reason that could remove the registration.
  if (addressed === undefined) throw new Error('a push was addressed to a second token that the device does not have');
  return { token: addressed, registeredAtMs, ...(environment && { environment }) };
}
