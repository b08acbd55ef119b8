/** What every provider's table of results has in common. */
import type { PushResult, PushScope } from '../core/push.ts';
import type { Clock } from '../time/clock.ts';
import type { TransportFailure } from './transport/contract.ts';

/**
 * What an answer means before it is known whether our credential and our settings are right:
 * `doubtful-token`: the device token is dead, or our topic, environment or project is wrong;
 * `renew-credential`: our token is not accepted, a new one may be.
 */
export type RowResult = PushResult['kind'] | 'doubtful-token' | 'renew-credential';

/** One row: what a status and a reason of the provider mean. */
export interface ResultRow {
  readonly status: number;
  /** The provider's word; `-`: none. Bounded, so that it may be a metric label. */
  readonly reason: string;
  readonly result: RowResult;
  /**
   * `device`: about this device or payload alone; `app`: about our credential, our settings or the provider as a whole;
   * `unclear`: the provider does not say which, so that anybody's device may cause it.
   */
  readonly scope: PushScope;
}

/** Results that depend on the status alone, for reasons that a table does not know: nothing that costs a registration. */
export function resultOfStatus(status: number): Pick<ResultRow, 'result' | 'scope'> {
  if (status >= 200 && status < 300) return { result: 'accepted', scope: 'device' };
  if (status === 429) return { result: 'retry', scope: 'unclear' };
  if (status === 408 || status === 425 || status >= 500) return { result: 'retry', scope: 'app' };
  if (status === 400 || status === 413) return { result: 'payload-rejected', scope: 'device' };
  // Redirects, permissions, unknown paths: whoever answers is not the provider as we were told to reach it.
  return { result: 'misconfigured', scope: 'app' };
}

/** Where no whole answer came: a status of 200 says accepted, whatever befell the rest; otherwise it may have been. */
export function resultOfFailure(failure: TransportFailure): Pick<ResultRow, 'reason' | 'result' | 'scope'> {
  return { reason: failure.reason, result: failure.status === 200 ? 'accepted' : 'retry', scope: 'app' };
}

/** A doubtful word about a device token is believed only where so lately another push was accepted, milliseconds. */
export const believableWithinMs = 3_600_000;

/** Whether doubtful words are believed: after an acceptance under the same settings and credentials. */
export function createBelief(clock: Pick<Clock, 'monotonic'>) {
  let acceptedAtMs = -Infinity;
  return {
    noteAccepted: () => void (acceptedAtMs = clock.monotonic()),
    /** Credentials were replaced: what the earlier ones achieved says nothing about what these are told. */
    forget: () => void (acceptedAtMs = -Infinity),
    get isBelievable() {
      return clock.monotonic() - acceptedAtMs <= believableWithinMs;
    },
  };
}
