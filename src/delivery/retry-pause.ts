import type { PushKind } from '../core/push.ts';
import { isCall } from '../core/routing.ts';

/** Bounds for `backoffMs` before the next attempt. A call expires after half a minute, so its pauses are short. */
export function retryPause(push: { readonly kind: PushKind }): { readonly baseMs: number; readonly capMs: number } {
  return isCall(push) ? { baseMs: 1_000, capMs: 4_000 } : { baseMs: 2_000, capMs: 300_000 };
}
