import { compactVerify, type CryptoKey, decodeProtectedHeader, importSPKI } from 'jose';
import type { Clock } from '../../time/clock.ts';
import type { Refusal } from './apns-checks.ts';

/** A provider token key as registered with Apple: its public half. */
export interface RegisteredKey {
  readonly keyId: string;
  readonly teamId: string;
  /** SPKI PEM. */
  readonly publicKey: string;
}

/** Judges provider tokens as developer.apple.com, "Establishing a token-based connection to APNs" says. */
export interface ProviderTokens {
  /**
   * @param authorization the request's header.
   * @param seen the tokens of this connection; a fresh map per connection.
   */
  judge(authorization: string, seen: SeenTokens): Promise<Refusal | undefined>;
}

/** Tokens that one connection has brought, with their `iat` in milliseconds. */
export type SeenTokens = Map<string, number>;

const longestAgeMs = 60 * 60_000;
const shortestLifeMs = 20 * 60_000;
/** How far a provider's clock may be ahead. */
const toleranceMs = 60_000;
/** Verified tokens remembered, so that a signature is checked once and not for each push. */
const verifiedLimit = 100;

export function createProviderTokens({
  keys,
  clock,
}: {
  keys: readonly RegisteredKey[];
  clock: Clock;
}): ProviderTokens {
  const imported = new Map<string, Promise<CryptoKey>>(
    keys.map(({ keyId, publicKey }) => [keyId, importSPKI(publicKey, 'ES256')]),
  );
  const verified = new Map<string, number>();

  async function issuedAtMs(token: string): Promise<number | undefined> {
    const known = verified.get(token);
    if (known !== undefined) return known;
    try {
      const { alg, kid } = decodeProtectedHeader(token);
      const registered = keys.find(({ keyId }) => keyId === kid);
      const key = registered && (await imported.get(registered.keyId));
      if (!key || alg !== 'ES256') return undefined;
      const { payload } = await compactVerify(token, key, { algorithms: ['ES256'] });
      const claims = JSON.parse(Buffer.from(payload).toString('utf8')) as { iss?: unknown; iat?: unknown };
      if (claims.iss !== registered.teamId || typeof claims.iat !== 'number') return undefined;
      if (verified.size >= verifiedLimit) verified.clear();
      verified.set(token, claims.iat * 1000);
      return claims.iat * 1000;
    } catch {
      return undefined;
    }
  }

  return {
    async judge(authorization, seen) {
      const token = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
      const issued = token === undefined ? undefined : await issuedAtMs(token);
      if (token === undefined || issued === undefined) return { status: 403, reason: 'InvalidProviderToken' };
      const ageMs = clock.now() - issued;
      if (ageMs > longestAgeMs) return { status: 403, reason: 'ExpiredProviderToken' };
      if (ageMs < -toleranceMs) return { status: 403, reason: 'InvalidProviderToken' };
      if (!seen.has(token)) {
        const latest = Math.max(Number.NEGATIVE_INFINITY, ...seen.values());
        if (issued - latest < shortestLifeMs) return { status: 429, reason: 'TooManyProviderTokenUpdates' };
        if (seen.size >= verifiedLimit) seen.clear();
        seen.set(token, issued);
      }
      return undefined;
    },
  };
}
