import { createHash } from 'node:crypto';
import { bareJid, domainOf, foldCase, isDomain } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';

/** What one server, account or device may take. Each default has its reason. */
export interface RateLimitSettings {
  /**
   * Publishes of one server. A server of a hundred thousand users on a busy evening stays below; an operator's own that
   * is larger is given more in the config. Default 2,000 a second, 10,000 at once (a restart that empties its queues).
   */
  readonly publishesPerDomain: Share;
  /** Publishes of one account that publishes by itself. No server lets its users do that. Default 5 a second, 50 at once. */
  readonly publishesPerAccount: Share;
  /** Commands from the accounts of one server: all its users get a new release at once. Default 100 a second, 5,000 at once. */
  readonly commandsPerDomain: Share;
  /**
   * Commands of one account: enough for all of a person's devices to register after an update, and too few to keep the
   * store busy. Default 6 a minute, 60 at once.
   */
  readonly commandsPerAccount: Share;
  /** Pushes to one registration; what is beyond waits in the outbox, the newest 20 of it. Default 1 a second, 100 at once. */
  readonly pushesPerRegistration: Share;
  /**
   * Pushes to one device token, whoever registered it and however often: providers count by token. FCM takes 240 a minute
   * and 5,000 an hour for a device. What is beyond waits likewise. Default 1 a second, 150 at once, and never less than a
   * single registration may take.
   */
  readonly pushesPerToken: Share;
}

export const defaultRateLimits: RateLimitSettings = {
  publishesPerDomain: { perSecond: 2_000, burst: 10_000 },
  publishesPerAccount: { perSecond: 5, burst: 50 },
  commandsPerDomain: { perSecond: 100, burst: 5_000 },
  commandsPerAccount: { perSecond: 0.1, burst: 60 },
  pushesPerRegistration: { perSecond: 1, burst: 100 },
  pushesPerToken: { perSecond: 1, burst: 150 },
};

/** The settings of an operator, with defaults for what they do not say. */
export function withDefaults(given: Partial<RateLimitSettings>): RateLimitSettings {
  const settings = { ...defaultRateLimits, ...given };
  if (given.pushesPerToken) return settings;
  const { pushesPerRegistration: own, pushesPerToken: token } = settings;
  const larger = { burst: Math.max(own.burst, token.burst), perSecond: Math.max(own.perSecond, token.perSecond) };
  return { ...settings, pushesPerToken: larger };
}

/** Buckets of each kind, about 150 bytes each. Whoever fills them with names of his own only makes others start anew. */
const bucketsLimit = 50_000;

/** Keeps one remote server, account or device from taking what others need. */
export interface RateLimits {
  /** @param publisher `from` of a publish */
  mayPublish(publisher: string): boolean;
  /** @param from of a command, a full JID */
  mayCommand(from: string): boolean;
  /** Milliseconds until a push to this registration may leave; 0: now, and it is counted. */
  pushDelay(registration: Pick<Registration, 'app' | 'node' | 'token'>): number;
  /** A short name for the device of a registration: pushes to one device wait one behind the other. */
  deviceOf(registration: Pick<Registration, 'app' | 'token'>): string;
  /** Milliseconds from one push to a registration to the next, for long. */
  readonly pushEveryMs: number;
}

export function createRateLimits(options: {
  readonly settings: RateLimitSettings;
  readonly clock: Pick<Clock, 'monotonic'>;
}): RateLimits {
  const { settings, clock } = options;
  const bucketsOf = (share: Share) => createTokenBuckets({ ...share, clock, limit: bucketsLimit });
  const publishesPerDomain = bucketsOf(settings.publishesPerDomain);
  const publishesPerAccount = bucketsOf(settings.publishesPerAccount);
  const commandsPerDomain = bucketsOf(settings.commandsPerDomain);
  const commandsPerAccount = bucketsOf(settings.commandsPerAccount);
  const pushesPerRegistration = bucketsOf(settings.pushesPerRegistration);
  const pushesPerToken = bucketsOf(settings.pushesPerToken);
  const accountOf = (jid: string) => foldCase(bareJid(jid));
  return {
    mayPublish(publisher) {
      // The account first: what it may not do is not to cost its server anything.
      if (!isDomain(publisher) && publishesPerAccount.take(accountOf(publisher)) > 0) return false;
      return publishesPerDomain.take(domainOf(publisher)) === 0;
    },
    mayCommand: (from) =>
      commandsPerAccount.take(accountOf(from)) === 0 && commandsPerDomain.take(domainOf(from)) === 0,
    pushDelay({ app, node, token }) {
      const device = deviceOf({ app, token });
      // Looked at before either is taken: what one refuses is not to cost the other.
      const delayMs = Math.max(pushesPerRegistration.delay(node), pushesPerToken.delay(device));
      if (delayMs > 0) return delayMs;
      pushesPerRegistration.take(node);
      pushesPerToken.take(device);
      return 0;
    },
    deviceOf,
    pushEveryMs: 1_000 / settings.pushesPerRegistration.perSecond,
  };
}

/** A short name for a token, so that no map holds tokens. */
function deviceOf({ app, token }: Pick<Registration, 'app' | 'token'>): string {
  return createHash('sha256').update(`${app} ${token}`).digest('base64url').slice(0, 16);
}
