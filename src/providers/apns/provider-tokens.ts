/** APNs provider tokens: ES256 JWTs (developer.apple.com, "Establishing a token-based connection to APNs"). */
import { type CryptoKey, importPKCS8, SignJWT } from 'jose';
import type { Clock } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';

/** A key that signs provider tokens: the `.p8` file, its id and its team. */
export interface TokenKey {
  /** PKCS#8 PEM. */
  readonly key: Secret;
  readonly keyId: string;
  readonly teamId: string;
}

/** Keeps one token per key for all topics and environments, since Apple takes several within 20 minutes for abuse. */
export interface ProviderTokens {
  /** The token to send now. Rejects if the key cannot sign. */
  current(key: TokenKey): Promise<string>;
  /**
   * Returns a new token after `refused` was refused as expired; undefined if none may be made yet. Requests that were
   * refused with the same token share the new one.
   */
  replace(key: TokenKey, refused: string): Promise<string | undefined>;
}

/** Apple refuses tokens older than an hour; ten minutes are left for clocks that differ. */
const renewAfterMs = 50 * 60_000;

/** Milliseconds by which the clock may be set back before a new token is needed. */
const aheadMs = 60_000;

/** Shortest time that Apple allows between two tokens of a key. */
const shortestLifeMs = 20 * 60_000;

/**
 * Keys remembered, replaced ones included: if a replaced key comes back, Apple must not see another token of it too
 * soon. Beyond the limit the key unused for longest is forgotten; a config has at most 100 apps.
 */
const keyLimit = 300;

interface Entry {
  readonly key: Promise<CryptoKey>;
  token: Promise<string>;
  /** `iat`, milliseconds of wall time. */
  issuedAtMs: number;
  /** The same moment in monotonic time. */
  signedAtMs: number;
}

export function createProviderTokens({ clock }: { clock: Clock }): ProviderTokens {
  const entries = new Map<string, Entry>();
  /** Names of the entries, so that a push does not join a whole PEM. */
  const names = new WeakMap<TokenKey, string>();

  /** The name contains the key itself, since two apps may read different keys while the file is being replaced. */
  function nameOf(of: TokenKey): string {
    let name = names.get(of);
    if (name === undefined) names.set(of, (name = `${of.teamId}/${of.keyId}/${of.key.reveal()}`));
    return name;
  }

  function entryOf(of: TokenKey): Entry {
    const { key, keyId, teamId } = of;
    const name = nameOf(of);
    const known = entries.get(name);
    if (known) {
      if (entries.size < keyLimit) return known;
      entries.delete(name);
      entries.set(name, known);
      return known;
    }
    const imported = importPKCS8(key.reveal(), 'ES256');
    const entry: Entry = { key: imported, ...sign(imported, keyId, teamId) };
    const [oldest] = entries.keys();
    if (entries.size >= keyLimit && oldest !== undefined) entries.delete(oldest);
    entries.set(name, entry);
    return entry;
  }

  function sign(key: Promise<CryptoKey>, keyId: string, teamId: string): Omit<Entry, 'key'> {
    const seconds = Math.floor(clock.now() / 1000);
    const token = key.then((imported) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .setIssuer(teamId)
        .setIssuedAt(seconds)
        .sign(imported),
    );
    // Callers of `current` learn that the key cannot sign. This handler covers the time before the first call.
    token.catch(() => {});
    return { token, issuedAtMs: seconds * 1000, signedAtMs: clock.monotonic() };
  }

  /** Uses monotonic time, so that Apple never sees two tokens within 20 minutes, even if wall time is set. */
  const mayRenew = (entry: Entry) => clock.monotonic() - entry.signedAtMs >= shortestLifeMs;

  /** The token is old, or its time lies in the future, which Apple refuses: the clock was ahead when it was signed. */
  const isDue = (entry: Entry) =>
    Math.max(clock.now() - entry.issuedAtMs, clock.monotonic() - entry.signedAtMs) >= renewAfterMs ||
    entry.issuedAtMs - clock.now() > aheadMs;

  return {
    current(key) {
      const entry = entryOf(key);
      if (isDue(entry) && mayRenew(entry)) Object.assign(entry, sign(entry.key, key.keyId, key.teamId));
      return entry.token;
    },
    async replace(key, refused) {
      const entry = entryOf(key);
      const held = entry.token;
      const present = await held;
      if (present !== refused) return present;
      if (entry.token === held) {
        if (!mayRenew(entry)) return undefined;
        Object.assign(entry, sign(entry.key, key.keyId, key.teamId));
      }
      return entry.token;
    },
  };
}
