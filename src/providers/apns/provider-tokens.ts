/** developer.apple.com, "Establishing a token-based connection to APNs": an ES256 JWT, renewed after 20 to 60 minutes. */
import { type CryptoKey, importPKCS8, SignJWT } from 'jose';
import type { Clock } from '../../time/clock.ts';
import type { Secret } from '../../core/secret.ts';

/** A provider token key: a `.p8` file with its two names. */
export interface TokenKey {
  /** PKCS#8 PEM. */
  readonly key: Secret;
  readonly keyId: string;
  readonly teamId: string;
}

/**
 * One token per key for all topics, connections and environments: Apple takes several tokens of one key within 20
 * minutes for abuse.
 */
export interface ProviderTokens {
  /** The token to send now. Rejects if the key cannot sign. */
  current(key: TokenKey): Promise<string>;
  /**
   * A token in place of one that was refused as expired; undefined if none may be made yet. Several requests that were
   * refused with the same token get the same new one.
   */
  replace(key: TokenKey, refused: string): Promise<string | undefined>;
}

/** Apple refuses tokens older than an hour; the rest is for clocks that differ. */
const renewAfterMs = 50 * 60_000;

/** By so much a clock may be put back without a new token, milliseconds. */
const aheadMs = 60_000;

/** Apple's shortest time between two tokens of a key. */
const shortestLifeMs = 20 * 60_000;

/**
 * Keys remembered, those that others took the place of included: should one come back, Apple must not see another token
 * of it too soon. Beyond it the one that was not used for longest is forgotten; a config has at most 100 apps.
 */
const keyLimit = 300;

interface Entry {
  readonly key: Promise<CryptoKey>;
  token: Promise<string>;
  /** `iat`, milliseconds of wall time. */
  issuedAtMs: number;
  /** The same moment on the clock that never steps. */
  signedAtMs: number;
}

export function createProviderTokens({ clock }: { clock: Clock }): ProviderTokens {
  const entries = new Map<string, Entry>();

  /** By the key itself too: while its file is being replaced, two apps may differ in what they take it for. */
  function entryOf({ key, keyId, teamId }: TokenKey): Entry {
    const name = `${teamId}/${keyId}/${key.reveal()}`;
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
    // Whoever asks for it learns of a key that cannot sign; nobody may have asked yet.
    token.catch(() => {});
    return { token, issuedAtMs: seconds * 1000, signedAtMs: clock.monotonic() };
  }

  /** By the clock that never steps: whatever wall time does, Apple sees no two tokens within 20 minutes. */
  const mayRenew = (entry: Entry) => clock.monotonic() - entry.signedAtMs >= shortestLifeMs;

  /** Old, or made by a clock that was ahead: Apple takes no token of times to come. */
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
