import type { Convention } from '../conventions/convention.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import type { Route } from '../core/routing.ts';

/** A push, and which device token it goes to. */
export interface AddressedPush {
  readonly push: Push;
  readonly target: 'first' | 'second';
  /** Set for a queued push, in milliseconds of monotonic time: no other form of it may live longer. */
  readonly endsAtMs?: number;
}

/**
 * Builds the push that a route leads to.
 * @param id a version 4 UUID in lower case, the same over all attempts
 * @param leavesAtMs earliest time of sending, in milliseconds since 1970; the push's lifetime starts then
 */
export function addressPush(
  { kind, target, content, lifetimeMs }: Route,
  registration: Registration,
  convention: Pick<Convention, 'addressOf'>,
  { id, leavesAtMs }: { readonly id: string; readonly leavesAtMs: number },
): AddressedPush {
  const { app, node } = registration;
  const expiresAtMs = lifetimeMs === 0 ? 0 : Math.ceil(leavesAtMs + lifetimeMs);
  return { push: { id, app, node, kind, ...convention.addressOf(registration), content, expiresAtMs }, target };
}
