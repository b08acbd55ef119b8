import type { Mutant } from '../mutant.ts';

const inRateLimits = {
  file: 'delivery/rate-limits.ts',
  tests: ['delivery/default-rate-limits.test.ts', 'delivery/rate-limits.test.ts'],
};

const inTokenBucket = { file: 'time/token-bucket.ts', tests: ['delivery/rate-limits.test.ts'] };

const inFloods = { file: 'delivery/floods.ts', tests: ['delivery/floods.test.ts'] };

/** How much one server, account or device may take. */
export const rateLimits: readonly Mutant[] = [
  {
    ...inRateLimits,
    find: 'burst: 10_000, perMinute: 120_000',
    replace: 'burst: 100_000, perMinute: 1_200_000',
    breaks: 'One server takes what all others need.',
  },
  {
    ...inRateLimits,
    find: 'burst: 50, perMinute: 300',
    replace: 'burst: 5_000, perMinute: 30_000',
    breaks: 'One account uses up the share of its server.',
  },
  {
    ...inRateLimits,
    find: 'burst: 5_000, perMinute: 6_000',
    replace: 'burst: 500_000, perMinute: 600_000',
    breaks: 'The accounts of one server keep the store busy.',
  },
  {
    ...inRateLimits,
    find: 'burst: 60, perMinute: 6 }',
    replace: 'burst: 6_000, perMinute: 600 }',
    breaks: 'One account keeps the store busy.',
  },
  {
    ...inRateLimits,
    find: 'burst: 100, perMinute: 60',
    replace: 'burst: 10_000, perMinute: 60',
    breaks: 'A device gets more than its provider allows.',
  },
  {
    ...inRateLimits,
    find: '!isDomain(publisher) && buckets.publishesPerAccount',
    replace: 'isDomain(publisher) && buckets.publishesPerAccount',
    breaks: 'An account that publishes by itself has no share of its own.',
  },
  {
    ...inRateLimits,
    find: 'TOKEN_SHARE: Share = { burst: 150',
    replace: 'TOKEN_SHARE: Share = { burst: 1_500',
    breaks: 'One device gets more than its provider allows, whoever registered it.',
    tests: ['delivery/default-rate-limits.test.ts'],
  },
  {
    ...inRateLimits,
    find: 'const tokenMs = pushesPerToken.take(device);',
    replace: 'const tokenMs = 0;',
    breaks: 'Who registers one device many times gets as many shares of its provider.',
    tests: ['delivery/rate-limits.test.ts'],
  },
  {
    ...inRateLimits,
    file: 'core/device-key.ts',
    find: '${tokenKey} ${app}',
    replace: '${tokenKey}',
    breaks: 'The same token of two apps pays for both.',
    tests: ['delivery/rate-limits.test.ts'],
  },
  {
    ...inRateLimits,
    find: 'if (tokenMs > 0) pushesPerRegistration.giveBack(node);',
    replace: '',
    breaks: 'Pushes that the limit of the token holds back use up the limit of the registration.',
    tests: ['delivery/rate-limits.test.ts'],
  },
  {
    ...inRateLimits,
    find: 'const ownMs = pushesPerRegistration.take(node);',
    replace: 'const ownMs = 0;',
    breaks: 'A registration has no share of its own.',
    tests: ['delivery/default-rate-limits.test.ts'],
  },
  {
    ...inRateLimits,
    find: 'foldCase(bareJid(jid))',
    replace: 'bareJid(jid)',
    breaks: 'An account in other letters is another one, with a share of its own.',
    tests: ['delivery/rate-limits.test.ts'],
  },
  {
    ...inTokenBucket,
    find: 'Math.min(burst, bucket.tokens',
    replace: 'Math.max(burst, bucket.tokens',
    breaks: `Who was quiet for a day may take a day's worth at once, and everybody a burst at any time.`,
  },
  {
    ...inTokenBucket,
    find: '}>(limit);',
    replace: '}>(10 * limit);',
    breaks: 'Made-up names fill the memory.',
  },
  {
    ...inTokenBucket,
    find: 'tokens >= 1 ? 0 : ',
    replace: 'tokens > 0 ? 0 : ',
    breaks: 'A share is larger than it says.',
  },
  {
    ...inTokenBucket,
    find: 'tokens >= 1 ? tokens - 1 : tokens',
    replace: 'tokens - 1',
    breaks: 'Who asks too often waits longer with each question.',
  },
  {
    ...inFloods,
    find: 'count + before >= floodFrom &&',
    replace: 'count >= floodFrom &&',
    breaks: 'A flood that began five minutes ago is forgotten for a while.',
  },
  {
    ...inFloods,
    find: 'clock.monotonic() - lastMs < windowMs',
    replace: 'lastMs >= 0',
    breaks: 'A flood that is over stays in readiness.',
  },
  {
    ...inFloods,
    find: 'passedMs < 2 * windowMs ? one.count : 0',
    replace: 'one.count',
    breaks: 'Refusals of long ago count.',
  },
  {
    ...inFloods,
    find: 'known.size > watchedFloods &&',
    replace: 'known.size < 0 &&',
    breaks: 'Made-up domains fill the memory.',
  },
  {
    ...inFloods,
    find: '!isPresent(one) || !mayLog(kind)',
    replace: '!isPresent(one)',
    breaks: 'A flood fills the log.',
  },
  {
    ...inFloods,
    find: 'domainOf(from).slice(0, domainLimit)',
    replace: 'from.slice(0, domainLimit)',
    breaks: 'The local part of an account is logged.',
  },
];
