import type { Script, StandIn } from '../../src/harness/stand-ins/contract.ts';
import type { TokenScript } from '../../src/harness/stand-ins/fcm-tokens.ts';

/** Numbers in [0, 1) that only depend on the seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How a provider treats every token; `closed`: its port is closed. */
export type Weather = Script | 'closed' | undefined;

const misbehaviours: Readonly<Record<StandIn['received'][number]['provider'], readonly Weather[]>> = {
  apns: [
    { status: 503, reason: 'ServiceUnavailable' },
    { status: 500, reason: 'InternalServerError' },
    { status: 429, reason: 'TooManyRequests', retryAfter: '1' },
    { status: 503, body: '<html>Bad gateway</html>' },
    { delayMs: 400 },
    { fault: 'hang', times: 50 },
    { fault: 'reset', times: 100 },
    { fault: 'cancel', times: 100 },
    { fault: 'goaway', times: 3 },
    { fault: 'goaway-unprocessed', times: 3 },
    'closed',
  ],
  fcm: [
    { status: 503, reason: 'UNAVAILABLE', retryAfter: '1' },
    { status: 500, reason: 'INTERNAL' },
    { status: 429, reason: 'QUOTA_EXCEEDED', retryAfter: '1' },
    { status: 502, body: '<html>Bad gateway</html>' },
    { delayMs: 400 },
    { fault: 'hang', times: 50 },
    { fault: 'reset', times: 100 },
    { fault: 'cut', times: 100 },
    'closed',
  ],
};

/** Fair half of the time, otherwise one misbehaviour. */
export function nextWeather(provider: 'apns' | 'fcm', random: () => number): Weather {
  if (random() < 0.5) return undefined;
  const choices = misbehaviours[provider];
  return choices[Math.floor(random() * choices.length)];
}

const tokenMisbehaviours: readonly TokenScript[] = [
  { status: 503, error: 'backend_error' },
  { status: 500, error: 'internal_failure' },
  { fault: 'hang' },
  { fault: 'reset' },
];

/** How Google answers requests for a token. Fair a third of the time, since each server process asks only once. */
export function nextTokenWeather(random: () => number): TokenScript | undefined {
  return random() < 1 / 3 ? undefined : tokenMisbehaviours[Math.floor(random() * tokenMisbehaviours.length)];
}
