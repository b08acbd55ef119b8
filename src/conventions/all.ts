import type { Registration } from '../core/registration.ts';
import type { Convention } from './convention.ts';
import { http } from './http.ts';
import { p2 } from './p2.ts';
import { rawToken } from './raw-token.ts';
import { tigase } from './tigase.ts';
import { v1 } from './v1.ts';

/** Every convention, in the order in which they are documented. */
export const conventions: readonly Convention[] = [tigase, p2, v1, rawToken, http];

/** Those whose registrations have nodes of ours, and what their nodes are made of. */
export const sealedConventions = conventions.flatMap(({ name, sealing }) => (sealing ? [{ name, ...sealing }] : []));

const byName = new Map(conventions.map((convention) => [convention.name, convention]));

/**
 * The convention that a registration was made by.
 * @returns undefined for an unknown name, written by a later version of Sealpost
 */
export function conventionOf({ convention }: Pick<Registration, 'convention'>): Convention | undefined {
  return byName.get(convention);
}
