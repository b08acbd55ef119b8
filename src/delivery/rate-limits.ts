import type { z } from 'zod';
import { withHint } from '../config/kinds/problems.ts';
import { literalValues, section, type ValueKinds } from '../config/kinds/values.ts';
import { deviceKey, type DeviceNamed } from '../core/device-key.ts';
import { bareJid, domainOf, foldCase, isDomain } from '../core/jid.ts';
import type { Registration } from '../core/registration.ts';
import type { Clock } from '../time/clock.ts';
import { createTokenBuckets, type Share } from '../time/token-bucket.ts';
import type { Floods } from './floods.ts';

/** More than any machine handles. */
const MAX_BURST = 10_000_000;
const MAX_PER_MINUTE = 600_000_000;

/** The least that one device token may use, unless the config says otherwise. */
const TOKEN_SHARE: Share = { burst: 150, perSecond: 1 };

/** The config section `limits`: how much one server, account or device may use. Each default has its reason. */
export function rateLimitsSection(values: ValueKinds) {
  return section({
    publishesPerDomain: shareSection(values)
      .prefault({ burst: 10_000, perMinute: 120_000 })
      .describe(
        'Publishes of one XMPP server; beyond it the server is told to try again. A server of a hundred thousand users stays below it on a busy evening, and when a restart empties its queues. Set more for a larger server of your own.',
      ),
    publishesPerAccount: shareSection(values)
      .prefault({ burst: 50, perMinute: 300 })
      .describe('Publishes sent by an account itself, which no server lets its users do.'),
    commandsPerDomain: shareSection(values)
      .prefault({ burst: 5_000, perMinute: 6_000 })
      .describe('Commands from the accounts of one server, whose users may all get a new release at once.'),
    commandsPerAccount: shareSection(values)
      .prefault({ burst: 60, perMinute: 6 })
      .describe(
        "Commands of one account: enough for all of a person's devices to register after an update, too few to keep the store busy.",
      ),
    pushesPerRegistration: shareSection(values)
      .prefault({ burst: 100, perMinute: 60 })
      .describe(
        'Pushes to one registration; those beyond it wait in the outbox, the newest 20 of them. Calls do not wait.',
      ),
    pushesPerToken: shareSection(values)
      .exactOptional()
      .meta({
        absent: `\`{ burst: ${TOKEN_SHARE.burst}, perMinute: ${TOKEN_SHARE.perSecond * 60} }\``,
        description:
          'Pushes to one device token over all its registrations; those beyond it wait in the outbox. Providers count by token: FCM accepts 240 a minute and 5,000 an hour for a device. The default is never less than `pushesPerRegistration`.',
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

/** The parsed section. */
export type RateLimitSettings = Readonly<z.output<ReturnType<typeof rateLimitsSection>>>;

/** Limits used unless the config sets others. */
export const defaultRateLimits: RateLimitSettings = rateLimitsSection(literalValues).parse({});

function shareSection(values: ValueKinds) {
  return section({ burst: values.count(1, MAX_BURST), perMinute: values.count(1, MAX_PER_MINUTE) }, explainShare)
    .transform((given): Share => ({ burst: given.burst, perSecond: given.perMinute / 60 }))
    .meta({ allowed: `\`{ burst: 1 to ${MAX_BURST}, perMinute: 1 to ${MAX_PER_MINUTE} }\`` });
}

const minutes: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60 };

/** People write limits as `10/s` or `600/min`. */
function explainShare(written: string | number): string {
  const [, digits = '', unit = ''] = /^\s*(\d{1,9})\s*(?:\/|per)\s*([smh])[a-z]*\s*$/i.exec(String(written)) ?? [];
  const expected = 'expected { burst: NUMBER, perMinute: NUMBER }';
  const about = 'burst may come at once after a pause, perMinute for long.';
  const each = minutes[unit.toLowerCase()];
  if (each === undefined) return withHint(expected, about);
  const perMinute = Math.max(1, Math.round(Number(digits) / each));
  const burst = Math.max(1, Number(digits));
  return withHint(expected, `${digits}/${unit} is { burst: ${burst}, perMinute: ${perMinute} }: ${about}`);
}

/** Buckets of each kind, about 150 bytes each. Filling them with made-up names only resets the buckets of others. */
const bucketsLimit = 50_000;

/** Keeps one remote server, account or device from using what others need. */
export interface RateLimits {
  /** @param publisher `from` of a publish */
  mayPublish(publisher: string): boolean;
  /** @param from full JID that sent a command */
  mayCommand(from: string): boolean;
  /** Milliseconds until a push to this registration may leave. 0: it may leave now, and it is counted. */
  pushDelay(registration: DeviceNamed & Pick<Registration, 'node'>): number;
  /** The value that `pushDelay` would return. Counts nothing. */
  waitOf(registration: DeviceNamed & Pick<Registration, 'node'>): number;
  /** A short name for the device of a registration. Delayed pushes to one device queue one behind the other. */
  deviceOf(registration: DeviceNamed): string;
  /** Milliseconds between two pushes to one registration in the long run. */
  readonly pushEveryMs: number;
  /** From now on these are the limits. What a limit that stays the same has counted is kept. */
  change(settings: RateLimitSettings): void;
}

export function createRateLimits(options: {
  readonly settings: RateLimitSettings;
  /** Told of what is refused. */
  readonly floods?: Pick<Floods, 'note'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}): RateLimits {
  const { clock, floods } = options;
  const bucketsOf = (share: Share) => createTokenBuckets({ ...share, clock, limit: bucketsLimit });
  let { settings } = options;
  let buckets = eachLimit((limit) => bucketsOf(settings[limit]));
  const accountOf = (jid: string) => foldCase(bareJid(jid));
  return {
    mayPublish(publisher) {
      // The account comes first, so that an account over its limit uses nothing of its server's.
      if (!isDomain(publisher) && buckets.publishesPerAccount.take(accountOf(publisher)) > 0) return false;
      if (buckets.publishesPerDomain.take(domainOf(publisher)) === 0) return true;
      floods?.note(publisher, 'publishes');
      return false;
    },
    mayCommand(from) {
      if (buckets.commandsPerAccount.take(accountOf(from)) > 0) return false;
      if (buckets.commandsPerDomain.take(domainOf(from)) === 0) return true;
      floods?.note(from, 'commands');
      return false;
    },
    pushDelay(registration) {
      const { pushesPerRegistration, pushesPerToken } = buckets;
      const { node } = registration;
      const device = deviceKey(registration);
      const ownMs = pushesPerRegistration.take(node);
      if (ownMs > 0) return Math.max(ownMs, pushesPerToken.delay(device));
      const tokenMs = pushesPerToken.take(device);
      // A refusal by one does not use up the other.
      if (tokenMs > 0) pushesPerRegistration.giveBack(node);
      return tokenMs;
    },
    waitOf(registration) {
      const { pushesPerRegistration, pushesPerToken } = buckets;
      return Math.max(pushesPerRegistration.delay(registration.node), pushesPerToken.delay(deviceKey(registration)));
    },
    deviceOf: deviceKey,
    get pushEveryMs() {
      return 1_000 / settings.pushesPerRegistration.perSecond;
    },
    change(next) {
      const before = settings;
      const kept = buckets;
      settings = next;
      buckets = eachLimit((limit) => (isSameShare(before[limit], next[limit]) ? kept[limit] : bucketsOf(next[limit])));
    },
  };
}

type Limit = keyof RateLimitSettings;

function eachLimit<T>(make: (limit: Limit) => T): Readonly<Record<Limit, T>> {
  return {
    publishesPerDomain: make('publishesPerDomain'),
    publishesPerAccount: make('publishesPerAccount'),
    commandsPerDomain: make('commandsPerDomain'),
    commandsPerAccount: make('commandsPerAccount'),
    pushesPerRegistration: make('pushesPerRegistration'),
    pushesPerToken: make('pushesPerToken'),
  };
}

const isSameShare = (a: Share, b: Share) => a.burst === b.burst && a.perSecond === b.perSecond;
