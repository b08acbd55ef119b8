// RFC 6750: the bearer token of a request names the app that it speaks for.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../core/secret.ts';

/** The app whose token an `Authorization` header carries; undefined: nobody's. */
export type Bearer<T> = (header: string | undefined) => T | undefined;

/** Tells apps by their tokens, in a time that does not depend on how much of a guess is right. */
export function createBearer<T extends { readonly token: Secret }>(apps: readonly T[]): Bearer<T> {
  const known = apps.map((app) => ({ app, digest: digestOf(app.token.reveal()) }));
  return (header = '') => {
    const token = /^Bearer +([\x21-\x7e]{1,2000})$/i.exec(header)?.[1];
    if (token === undefined) return undefined;
    const presented = digestOf(token);
    let found: T | undefined;
    for (const { app, digest } of known) if (timingSafeEqual(digest, presented)) found = app;
    return found;
  };
}

// Digests are of one length, as the comparison wants it.
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
