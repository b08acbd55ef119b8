// RFC 6750: the bearer token of a request names the app that it is for.
import { isSameSecret, type Secret } from '../core/secret.ts';

/** Finds the app whose token an `Authorization` header carries; undefined if there is none. */
export type Bearer<T> = (header: string | undefined) => T | undefined;

/** Finds apps by token, in a time that does not depend on how much of a guess is right. */
export function createBearer<T extends { readonly token: Secret }>(apps: readonly T[]): Bearer<T> {
  return (header = '') => {
    const token = /^Bearer +([\x21-\x7e]{1,2000})$/i.exec(header)?.[1];
    if (token === undefined) return undefined;
    let found: T | undefined;
    for (const app of apps) if (isSameSecret(app.token.reveal(), token)) found = app;
    return found;
  };
}
