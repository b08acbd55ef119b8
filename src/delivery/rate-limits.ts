import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { literalValues, section, type ValueKinds } from '../config/kinds/values.ts';
import { bareJid, domainOf, foldCase, isDomain } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';

/** More than any machine moves. */
const MAX_BURST = 10_000_000;
const MAX_PER_MINUTE = 600_000_000;

/** What one device token may take at least, unless the config says otherwise. */
const TOKEN_SHARE: Share = { burst: 150, perSecond: 1 };

/** `limits`: what one server, account or device may take. Each default has its reason. */
export function rateLimitsSection(values: ValueKinds) {
  return section({
    publishesPerDomain: shareSection(values)
      .prefault({ burst: 10_000, perMinute: 120_000 })
      .describe(
        'Publishes of one XMPP server; beyond it the server is told to try again. A server of a hundred thousand users on a busy evening stays below, and so does a restart that empties its queues. Give an own server that is larger more.',
      ),
    publishesPerAccount: shareSection(values)
      .prefault({ burst: 50, perMinute: 300 })
      .describe('Publishes of one account that publishes by itself. No server lets its users do that.'),
    commandsPerDomain: shareSection(values)
      .prefault({ burst: 5_000, perMinute: 6_000 })
      .describe('Commands from the accounts of one server. All its users get a new release at once.'),
    commandsPerAccount: shareSection(values)
      .prefault({ burst: 60, perMinute: 6 })
      .describe(
        "Commands of one account. Enough for all of a person's devices to register after an update, and too few to keep the store busy.",
      ),
    pushesPerRegistration: shareSection(values)
      .prefault({ burst: 100, perMinute: 60 })
      .describe(
        'Pushes to one registration; what is beyond waits in the outbox, the newest 20 of it. Calls do not wait.',
      ),
    pushesPerToken: shareSection(values)
      .exactOptional()
      .meta({
        absent: `\`{ burst: ${TOKEN_SHARE.burst}, perMinute: ${TOKEN_SHARE.perSecond * 60} }\``,
        description:
          'Pushes to one device token, whoever registered it and however often; what is beyond waits likewise. Providers count by token: FCM takes 240 a minute and 5,000 an hour for a device. The default is never less than `pushesPerRegistration`.',
      }),
  }).transform(({ pushesPerToken, ...given }) => {
    const own = given.pushesPerRegistration;
    const larger = {
      burst: Math.max(own.burst, TOKEN_SHARE.burst),
      perSecond: Math.max(own.perSecond, TOKEN_SHARE.perSecond),
    };
    return { ...given, pushesPerToken: pushesPerToken ?? larger };
  });
}

export type RateLimitSettings = Readonly<z.output<ReturnType<typeof rateLimitsSection>>>;

export const defaultRateLimits: RateLimitSettings = rateLimitsSection(literalValues).parse({});

function shareSection(values: ValueKinds) {
  return section({ burst: values.count(1, MAX_BURST), perMinute: values.count(1, MAX_PER_MINUTE) })
    .transform((given): Share => ({ burst: given.burst, perSecond: given.perMinute / 60 }))
    .meta({ allowed: `\`{ burst: 1 to ${MAX_BURST}, perMinute: 1 to ${MAX_PER_MINUTE} }\`` });
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
