/** What the result tables of all providers share. */
import type { PushResult, PushScope } from '../core/push.ts';
import type { Clock } from '../time/clock.ts';
import type { TransportFailure } from './transport/contract.ts';

/**
 * The meaning of an answer, before it is known whether our credentials and settings are right:
 * `doubtful-token`: either the device token is dead, or our topic, environment or project is wrong.
 * `renew-credential`: our access or provider token is not accepted; a new one may be.
 */
export type RowResult = PushResult['kind'] | 'doubtful-token' | 'renew-credential';

/** One row of a table: what a status with a reason means. */
export interface ResultRow {
  readonly status: number;
  /** The provider's reason, `-` if it gives none. The set of reasons is limited, so they can be metric labels. */
  readonly reason: string;
  readonly result: RowResult;
  /**
   * `device`: concerns this device or payload. `app`: concerns our credentials, our settings or the whole provider.
   * `unclear`: the provider does not say which, so a single device may cause it.
   */
  readonly scope: PushScope;
}

/** Results by status alone, for reasons that no table lists. None of them costs a registration. */
export function resultOfStatus(status: number): Pick<ResultRow, 'result' | 'scope'> {
  if (status >= 200 && status < 300) return { result: 'accepted', scope: 'device' };
  if (status === 429) return { result: 'retry', scope: 'unclear' };
  if (status === 408 || status === 425 || status >= 500) return { result: 'retry', scope: 'app' };
  if (status === 400 || status === 413) return { result: 'payload-rejected', scope: 'device' };
  // Redirects, permissions, unknown paths: the server that answers is not the provider.
  return { result: 'misconfigured', scope: 'app' };
}

/** The result without a complete answer. After a status of 200 the push is accepted; otherwise it may be. */
export function resultOfFailure(failure: TransportFailure): Pick<ResultRow, 'reason' | 'result' | 'scope'> {
  return { reason: failure.reason, result: failure.status === 200 ? 'accepted' : 'retry', scope: 'app' };
}

/** A doubtful reason is believed only for this many milliseconds after the provider accepted another push. */
const believableWithinMs = 3_600_000;

/** Whether doubtful reasons are believed: only after a success with the same settings and credentials. */
export function createBelief(clock: Pick<Clock, 'monotonic'>) {
  let acceptedAtMs = -Infinity;
  return {
    noteAccepted: () => void (acceptedAtMs = clock.monotonic()),
    /** Credentials were replaced, so earlier successes prove nothing about the new ones. */
    forget: () => void (acceptedAtMs = -Infinity),
    get isBelievable() {
      return clock.monotonic() - acceptedAtMs <= believableWithinMs;
    },
  };
}
