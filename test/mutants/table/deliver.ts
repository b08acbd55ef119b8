import type { Mutant } from '../mutant.ts';

const inDeliver = { file: 'delivery/deliver.ts', tests: ['delivery/deliver.test.ts'] };

const inEnqueue = { file: 'delivery/enqueue.ts', tests: ['delivery/deliver.test.ts'] };

/** The way of a notification from look-up to answer. */
export const deliver: readonly Mutant[] = [
  {
    ...inDeliver,
    find: 'answerWithinMs = 20_000',
    replace: 'answerWithinMs = 25_000',
    breaks: 'Servers that wait 30 s have given up when a slow answer comes.',
  },
  {
    ...inDeliver,
    find: 'storeWithinMs = 5_000',
    replace: 'storeWithinMs = 0',
    breaks: 'A push that no provider took in time is answered too late, because storing it comes on top.',
  },
  {
    ...inDeliver,
    find: 'leavesAtMs: clock.now() + delayMs',
    replace: 'leavesAtMs: clock.now()',
    breaks: 'A delayed push expires before its time, a wake-up with a short life before it leaves.',
  },
  {
    ...inDeliver,
    find: 'delayMs === 0 || chosen.lifetimeMs <= callLifetimeMs',
    replace: 'delayMs === 0 || chosen.lifetimeMs < callLifetimeMs',
    breaks: 'A call that rings by an alert waits for its share and comes too late.',
  },
  {
    ...inDeliver,
    find: 'if (delayMs === 0 || chosen',
    replace: 'if (delayMs >= 0 || chosen',
    breaks: 'A registration has no share: a server may send as much to a device as it likes.',
  },
  {
    ...inDeliver,
    find: `if (!rateLimits.mayPublish(notification.publisher)) return drop('rate-limited');`,
    replace: '',
    breaks: 'One server takes what all others need.',
  },
  {
    ...inDeliver,
    find: 'if (isRefused || !appSenders.has(registration.app)) return registration;',
    replace: '',
    breaks: 'Who may not publish to a device brings its lost registration back.',
  },
  {
    ...inDeliver,
    find: 'if (refusal) return drop(refusal, registration.app);',
    replace: '',
    breaks: 'Everybody publishes to every registration.',
  },
  {
    ...inDeliver,
    find: `if (chosen === 'unimportant') return drop(chosen, app.name);`,
    replace: `if (chosen === 'unimportant') return 'unimportant';`,
    breaks: 'Nobody sees how many notifications an app did not want.',
  },
  {
    ...inDeliver,
    find: `replaces: chosen.content.kind !== 'none'`,
    replace: 'replaces: false',
    breaks: 'Of several sealed background pushes the second is sent, and not the newest.',
  },
  {
    ...inDeliver,
    find: `isStored ? drop('coalesced', registration.app) : 'not-queued'`,
    replace: `drop('coalesced', registration.app)`,
    breaks: 'A wake-up whose stand-in could not be stored is answered as taken, and lost.',
  },
  {
    ...inDeliver,
    find: `(isStored ? 'queued' : 'not-queued')`,
    replace: `'queued'`,
    breaks: 'A push beyond its share that could not be stored is answered as taken, and lost.',
  },
  {
    ...inDeliver,
    find: 'if (!isQueueOnly || admitted.route.lifetimeMs <= callLifetimeMs) return undefined;',
    replace: 'return undefined;',
    breaks: 'A process that ends sends what it could leave, and so refuses what comes meanwhile.',
  },
  {
    ...inDeliver,
    find: `attempts: 1 })) ? 'queued' : 'not-queued'`,
    replace: `attempts: 1 })) ? 'queued' : 'queued'`,
    breaks: 'A push that failed and could not be stored is answered as taken, and lost.',
  },
  {
    ...inDeliver,
    find: '...(afterMs !== undefined && { afterMs })',
    replace: '',
    breaks: 'A provider that asks for patience is asked again at once.',
  },
  {
    ...inDeliver,
    find: 'underway.whenIdle()',
    replace: 'Promise.resolve()',
    breaks: 'The outbox is closed under publishes that are under way.',
  },
  {
    ...inDeliver,
    find: 'if (mayLog()) log.error',
    replace: 'log.error',
    breaks: 'A store that fails writes hundreds of log lines a second.',
  },
  {
    ...inDeliver,
    find: 'metrics.dropped.inc({ app, cause: outcome });',
    replace: 'void app;',
    breaks: 'Refused publishes are not counted.',
  },
  {
    ...inDeliver,
    find: `return drop('store-failed');`,
    replace: `return 'store-failed';`,
    breaks: 'Notifications that fail for a reason of our own are not counted.',
  },
  {
    ...inDeliver,
    find: `if (!appSender) return drop('unknown-app');`,
    replace: `if (!appSender) return 'gone';`,
    breaks: 'An app that is taken out of the config loses its registrations.',
  },
  {
    ...inEnqueue,
    find: 'isCall(push) ? arrivedAtMs + callLifetimeMs',
    replace: 'isCall(push) ? clock.now() + callLifetimeMs',
    breaks: 'A call rings after the caller gave up.',
  },
  {
    ...inEnqueue,
    find: `if (result !== 'stored') return false;`,
    replace: '',
    breaks: 'A push that could not be stored is answered as taken, and lost.',
  },
  {
    ...inEnqueue,
    find: 'onQueued(push, dueAtMs);',
    replace: '',
    breaks: 'What was stored is looked at when something else falls due, up to ten seconds late.',
  },
  {
    ...inEnqueue,
    find: 'metrics.queued.inc({ app: push.app, result });',
    replace: '',
    breaks: 'An outbox that is full is not counted.',
  },
  {
    ...inDeliver,
    find: `        return 'lost';`,
    replace: `        return 'unknown-node';`,
    breaks: 'What an old copy of the store lacks is answered as gone.',
  },
];
