import type { Mutant } from '../mutant.ts';

const inRetry = { file: 'delivery/retry.ts', tests: ['delivery/retry.test.ts'] };

const inPushLines = { file: 'delivery/push-lines.ts', tests: ['delivery/retry.test.ts'] };

const inRetryPause = { file: 'delivery/retry-pause.ts', tests: ['delivery/retry.test.ts'] };

/** When and in what order queued pushes are sent. */
export const retry: readonly Mutant[] = [
  {
    ...inRetry,
    find: `      reschedule(queued, attempts + 1, undefined);
    } finally`,
    replace: '    } finally',
    breaks: 'A push whose look-up failed is not tried again before the next start.',
  },
  {
    ...inRetry,
    find: 'redeliveriesPerSecond = 200',
    replace: 'redeliveriesPerSecond = 2_000',
    breaks: 'After an outage the backlog goes out at a rate that looks like an attack.',
  },
  {
    ...inRetry,
    find: 'Math.ceil(inFlight / 2) - busy',
    replace: 'inFlight - busy',
    breaks: 'The backlog of an outage takes the places of what comes in.',
  },
  {
    ...inRetry,
    find: 'Math.ceil(inFlight / 10) - busy',
    replace: '0',
    breaks: 'Where much comes in, what is queued never has its turn.',
  },
  {
    ...inRetry,
    find: `if (registration === 'removed') {`,
    replace: `if (registration === 'removed' || registration === 'lost') {`,
    breaks: 'What is queued for a node that the store has lost is thrown away.',
  },
  {
    ...inRetry,
    find: 'isCall(push) && queued.storedAtMs > clock.now()',
    replace: 'false',
    breaks: 'A call of another day rings after the clock was set back.',
  },
  {
    ...inRetry,
    find: 'delayMs > 0 && !isCall(push)',
    replace: 'delayMs > 0',
    breaks: 'A queued call waits for its share and comes too late.',
  },
  {
    ...inRetry,
    find: 'Math.min(dispatchWithinMs, leftMs)',
    replace: 'dispatchWithinMs',
    breaks: 'An attempt for a call goes on after the caller gave up.',
  },
  {
    ...inRetry,
    find: 'dispatchWithinMs = 15_000',
    replace: 'dispatchWithinMs = 150_000',
    breaks: 'An attempt for a queued push that hangs holds its place for minutes.',
  },
  {
    ...inRetry,
    find: 'if (isCall(push)) queue.callsUntilMs = clock.now() + callLifetimeMs;',
    replace: '',
    breaks: 'While a circuit is open, a queued call waits as long as everything else.',
  },
  {
    ...inRetry,
    find: 'circuit.remainingForCallMs === 0 && ',
    replace: '',
    breaks: 'While a circuit is open, calls ask the provider all the time.',
  },
  {
    ...inRetry,
    find: 'if (!backlogs) return;',
    replace: `if (!backlogs) {
      for (const app of queues.keys()) metrics.outboxDepth.set({ app }, 0);
      return;
    }`,
    breaks: 'A store that does not answer looks as if nothing were queued.',
  },
  {
    ...inRetry,
    find: 'if (backlog && !queue.leasing) planLease(queue, clock.now());',
    replace: '',
    breaks: 'What was stored although the answer came too late is sent after the next start.',
  },
  {
    ...inRetry,
    find: 'await outbox.expire(clock.now());',
    replace: '',
    breaks: 'What nobody wants any more stays in the outbox.',
  },
  {
    ...inRetry,
    find: 'push.expiresAtMs === 0 ? push : { ...push, expiresAtMs }',
    replace: 'push',
    breaks: 'A provider keeps a queued push longer than it is worth sending, and a call rings late.',
  },
  {
    ...inRetry,
    find: 'dispatched.reason !== overloaded.reason',
    replace: 'true',
    breaks: 'A push that found no place waits longer each time, as if the provider had failed.',
  },
  {
    ...inPushLines,
    find: 'Math.max(earliestMs, behindMs)',
    replace: 'earliestMs',
    breaks: 'What is queued for a busy device is leased again and again, at the cost of others.',
  },
  { ...inRetry, find: 'queue.busy -= 1;', replace: '', breaks: 'After some fifty queued pushes no more are sent.' },
  {
    ...inRetry,
    find: `if (push.kind === 'voip' && secondToken === undefined)`,
    replace: 'if (false)',
    breaks: 'A call whose device lost its PushKit token is never sent.',
  },
  {
    ...inRetry,
    find: 'metrics.retried.inc({ app, outcome });',
    replace: 'void outcome;',
    breaks: 'What became of queued pushes is not counted.',
  },
  {
    ...inPushLines,
    find: '?? 0) + pushEveryMs',
    replace: '?? 0) + 1',
    breaks: 'Pushes that wait for their share come due at once.',
  },
  {
    ...inRetryPause,
    find: '{ baseMs: 1_000, capMs: 4_000 }',
    replace: '{ baseMs: 2_000, capMs: 300_000 }',
    breaks: 'A call that failed twice is tried again after it is over.',
  },
  {
    ...inRetryPause,
    find: 'capMs: 300_000',
    replace: 'capMs: 30_000_000',
    breaks: 'After an hour of an outage the next attempt is hours away.',
  },
];
