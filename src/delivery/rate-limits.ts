import type { Clock } from '../time/clock.ts';
import { bareJid, domainOf, isDomain } from '../core/jid.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';

/** What one server, account or registration may take. Each default has its reason. */
export interface Shares {
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
  /**
   * Pushes to one registration; what is beyond waits in the outbox, the newest 20 of it. FCM takes 240 a minute and 5,000
   * an hour for a device. Default 1 a second, 100 at once.
   */
  readonly pushesPerRegistration: Share;
}

export const defaultRateLimits: Shares = {
  publishesPerDomain: { perSecond: 2_000, burst: 10_000 },
  publishesPerAccount: { perSecond: 5, burst: 50 },
  commandsPerDomain: { perSecond: 100, burst: 5_000 },
  commandsPerAccount: { perSecond: 0.1, burst: 60 },
  pushesPerRegistration: { perSecond: 1, burst: 100 },
};

/** Buckets of each kind, about 150 bytes each. Whoever fills them with names of his own only makes others start anew. */
const bucketsLimit = 50_000;

/** Keeps one remote server, account or device from taking what others need. */
export interface RateLimits {
  /** @param publisher `from` of a publish */
  mayPublish(publisher: string): boolean;
  /** @param from of a command, a full JID */
  mayCommand(from: string): boolean;
  /** Milliseconds until a push to this registration may leave; 0: now, and it is counted. */
  pushDelay(node: string): number;
  /** Milliseconds from one of them to the next, for long. */
  readonly pushEveryMs: number;
}

export function createRateLimits({ shares, clock }: { readonly shares: Shares; readonly clock: Clock }): RateLimits {
  const bucketsOf = (share: Share) => createTokenBuckets({ ...share, clock, limit: bucketsLimit });
  const publishesPerDomain = bucketsOf(shares.publishesPerDomain);
  const publishesPerAccount = bucketsOf(shares.publishesPerAccount);
  const commandsPerDomain = bucketsOf(shares.commandsPerDomain);
  const commandsPerAccount = bucketsOf(shares.commandsPerAccount);
  const pushesPerRegistration = bucketsOf(shares.pushesPerRegistration);
  const accountOf = (jid: string) => bareJid(jid).toLowerCase();
  return {
    mayPublish(publisher) {
      // The account first: what it may not do is not to cost its server anything.
      if (!isDomain(publisher) && publishesPerAccount.take(accountOf(publisher)) > 0) return false;
      return publishesPerDomain.take(domainOf(publisher)) === 0;
    },
    mayCommand: (from) =>
      commandsPerAccount.take(accountOf(from)) === 0 && commandsPerDomain.take(domainOf(from)) === 0,
    pushDelay: (node) => pushesPerRegistration.take(node),
    pushEveryMs: 1_000 / shares.pushesPerRegistration.perSecond,
  };
}
