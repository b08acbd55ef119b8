import type { Clock } from '../time/clock.ts';
import type { AddressedPush } from './addressed-push.ts';
import type { Guard } from '../guard/contract.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Device } from '../providers/provider.ts';
import type { Environment, Registration } from '../core/registration.ts';
import type { PushResult } from '../core/push.ts';
import type { Registry } from '../store/registry/contract.ts';
import { foldCase } from '../core/jid.ts';
import { callAlertRoute } from '../core/routing.ts';
import { errorCode, fingerprint, type Log } from '../telemetry/log.ts';

/** After a failure of the store; a locked one blocks for five seconds each time. */
const restoreAgainAfterMs = 60_000;

/** What is to be done with a push after a dispatch. */
export type Dispatched =
  /** The provider took it, in this form or another. */
  | { readonly kind: 'sent' }
  /** The provider will never take it, in no form, and the registration is healthy. */
  | { readonly kind: 'payload-rejected' }
  /** The registration was removed. */
  | { readonly kind: 'gone' }
  /** It is still to be sent, in the form `pending`. */
  | { readonly kind: 'retry'; readonly pending: AddressedPush; readonly reason: string; readonly afterMs?: number }
  /** It is still to be sent, but the fault is ours, or has to be taken for ours until an operator decides. */
  | { readonly kind: 'misconfigured'; readonly pending: AddressedPush };

export interface Dispatcher {
  /**
   * One push to its provider, and in its place another form of it where the result asks for that; with the effects that
   * results have on the registration.
   * @throws when the registry fails at what must not fail
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
  /** Called after a registration was removed because the provider says that its token is dead. */
  readonly onRemoved: (registration: Registration) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export function createDispatcher({ registry, guard, onRemoved, clock, log }: DispatcherOptions): Dispatcher {
  /** What is still to be restored: as many as the guard remembers at most, for each of its holds. */
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
    // At most: PushKit, an alert for the call, the alert without content.
    for (;;) {
      const result = await appSender.attempt(
        current.push,
        deviceOf(registration, current.target),
        Math.max(0, endsAtMs - clock.monotonic()),
      );
      const next = await conclude(registration, current, result);
      if ('kind' in next) return next;
      current = next;
    }
  }

  /** What is to be done with the push, or the form in which to send it at once. */
  async function conclude(
    registration: Registration,
    addressed: AddressedPush,
    result: PushResult,
  ): Promise<Dispatched | AddressedPush> {
    const { push, target } = addressed;
    await restoreAgain();
    switch (result.kind) {
      case 'accepted':
        guard.seePush({ registration, target, came: 'accepted' });
        await rememberEnvironment(registration, result.environment);
        return { kind: 'sent' };
      case 'dead-token':
        return removeDead(registration, addressed, result);
      case 'payload-rejected':
        if (!result.unsent) guard.seePush({ registration, target, came: 'accepted' });
        if (push.kind === 'voip') return asCallAlert(addressed);
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
      return isSecond ? asCallAlert(addressed) : { kind: 'misconfigured', pending: addressed };
    }
    if (isSecond) {
      await noted(registration, registry.dropSecondToken(registration.node, registration.secondToken));
    } else if (!(await remove(registration, reason))) {
      // Registered anew meanwhile: the next attempt finds the new token.
      return { kind: 'retry', pending: addressed, reason: 'registered-anew' };
    }
    if (guard.isHolding(registration.app, isSecond ? 'second' : 'first')) {
      await restore([registration]);
      if (!isSecond) return { kind: 'misconfigured', pending: addressed };
    }
    if (isSecond) return asCallAlert(addressed);
    onRemoved(registration);
    return { kind: 'gone' };
  }

  /** What was believed when the flood began. One by one, so that none is restored that was unregistered after it was back. */
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
        log.error(fields, 'registrations could not be restored; trying again');
        break;
      }
    }
    if (count > 0) log.warn({ count, ...appOf(registrations) }, 'registrations restored that were taken for dead');
  }

  /** With the next push that comes back, whether the hold still lasts or not; a busy store stops the process for seconds. */
  async function restoreAgain(): Promise<void> {
    if (unrestored.length === 0 || clock.monotonic() < restoreAgainAtMs) return;
    const due = unrestored;
    unrestored = [];
    await restore(due);
  }

  function asCallAlert({ push, endsAtMs = Infinity }: AddressedPush): AddressedPush {
    const { kind, target, content, lifetimeMs } = callAlertRoute(push.content);
    const leftMs = Math.max(0, Math.min(lifetimeMs, endsAtMs - clock.monotonic()));
    return { push: { ...push, kind, content, expiresAtMs: Math.ceil(clock.now() + leftMs) }, target, endsAtMs };
  }

  async function rememberEnvironment(registration: Registration, environment?: Environment): Promise<void> {
    if (!environment || environment === registration.environment) return;
    await noted(registration, registry.rememberEnvironment(registration.node, environment));
  }

  /** What is only worth knowing for next time must not spoil the answer to this push when the store fails. */
  async function noted(registration: Registration, write: Promise<void>): Promise<void> {
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
  // In its place the first one would be refused, with a word that could cost the registration.
  if (addressed === undefined) throw new Error('a push to a second token where there is none');
  return { token: addressed, registeredAtMs, ...(environment && { environment }) };
}
