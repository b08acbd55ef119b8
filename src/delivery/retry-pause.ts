import type { PushKind } from '../core/push.ts';
import { isCall } from '../core/routing.ts';

/** The bounds of the pause before an attempt, for `backoffMs`: a call is over after half a minute. */
export function retryPause(push: { readonly kind: PushKind }): { readonly baseMs: number; readonly capMs: number } {
  return isCall(push) ? { baseMs: 1_000, capMs: 4_000 } : { baseMs: 2_000, capMs: 300_000 };
}
