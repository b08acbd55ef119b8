import type { Convention } from '../conventions/convention.ts';
import type { Notification } from '../core/notification.ts';
import type { Registration } from '../core/registration.ts';
import { isSameSecret } from '../core/secret.ts';

/**
 * XEP-0357 section 3.2: why a publish may not reach this registration; undefined if it may.
 * @param convention the registration's convention, which says who may publish
 */
export function refusePublisher(
  notification: Notification,
  registration: Registration,
  convention: Pick<Convention, 'mayPublish'>,
): 'wrong-publisher' | 'wrong-secret' | undefined {
  if (!convention.mayPublish(notification.publisher, registration)) return 'wrong-publisher';
  if (registration.secret !== undefined && !isSameSecret(registration.secret, notification.secret ?? '')) {
    return 'wrong-secret';
  }
  return undefined;
}
