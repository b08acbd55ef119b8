import type { Convention } from '../conventions/convention.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import type { Route } from '../core/routing.ts';

/** A push and which of the device's tokens it goes to. */
export interface AddressedPush {
  readonly push: Push;
  readonly target: 'first' | 'second';
  /** Of a queued push: nothing made of it may outlive it; milliseconds of monotonic time. */
  readonly endsAtMs?: number;
}

/**
 * The push that a route leads to.
 * @param id a version 4 UUID in lower case, the same over all attempts
 * @param leavesAtMs when it may leave at the earliest, milliseconds since 1970: its life begins then
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
