import type { Registration } from '../../core/registration.ts';
import { revocation } from '../services/revocation.ts';
import type { Link } from './link.ts';

/**
 * Tells the account's server once that a registration is gone, over the first link of its domain that is up. Only Tigase acts
 * on it.
 */
export function revoke(registration: Registration, links: readonly Link[]): void {
  const domains = new Set(links.map(({ domain }) => domain));
  const domain = registration.component ?? (domains.size === 1 ? [...domains][0] : undefined);
  const xml = domain === undefined ? undefined : revocation({ domain, registration });
  if (xml !== undefined) links.some((link) => link.domain === domain && link.send(xml));
}
