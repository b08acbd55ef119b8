/**
 * firebase.google.com, "Best practices for FCM registration token management": a token that did not connect for 270 days
 * has expired. The device may have been busy all the time without one push from us, so age alone proves nothing: FCM is
 * asked (`validate_only`), and its word goes the way of every outcome, past the mass-loss guard, which believes it while the
 * app's other pushes fare well. A stepped clock or an old copy of the store then costs questions and no registrations.
 */
import type { Clock } from '../time/clock.ts';
import type { Dispatcher } from './dispatch.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import type { Registry } from '../store/registry/contract.ts';
import { errorCode, type Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Google's 270 days. */
export const silentForMs = 270 * 86_400_000;

const everyMs = 86_400_000;

/** Devices that are asked about in a day, per app: a tenth of a million in ten days, and no load. */
export const askedPerDay = 10_000;

/** From the start to the first question, milliseconds: by then other pushes have shown that nothing is wrong. */
const firstAfterMs = 3_600_000;

/** Questions in a row that came to nothing, after which there are no more that day: FCM is down, refuses us, or is not believed. */
const failuresToStop = 10;

/** Between two questions: 50 a second beside the pushes. */
const pauseMs = 20;

/** How often devices that took a push are written down, and how many are remembered until then. */
const flushEveryMs = 60_000;
export const rememberedLimit = 10_000;
const flushBatch = 200;

const answerWithinMs = 10_000;

export interface HousekeepingOptions {
  readonly registry: Pick<Registry, 'count' | 'noteAlive' | 'findSilent'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  readonly clock: Clock;
  readonly randomUuid: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Housekeeping {
  /** Counts at once, asks after an hour, and goes on daily. */
  start(): void;
  /** A provider took a push for this device. */
  noteAccepted(registration: Registration): void;
  /** Registrations of apps that are not in the config: kept, for the app may come back. */
  readonly orphans: ReadonlyMap<string, number>;
  /** Resolves when nothing is under way any more. */
  drain(): Promise<void>;
}

export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { registry, appSenders, dispatcher, clock, randomUuid, log, metrics } = options;
  const accepted = new Set<string>();
  let orphans: ReadonlyMap<string, number> = new Map();
  let cancelDay = () => {};
  let cancelFlush = () => {};
  let underway = Promise.resolve();
  const stop = new AbortController();
  metrics.orphanedRegistrations.set(0);

  /** One job at a time; what fails is tried again the next time. */
  function queue(job: () => Promise<void>): void {
    underway = underway.then(job).catch((error: unknown) => {
      log.warn({ reason: errorCode(error) }, 'housekeeping failed; trying again later');
    });
  }

  function day(): void {
    cancelDay = clock.after(everyMs, day);
    queue(countOrphans);
    for (const appSender of appSenders.values())
      if (appSender.app.provider === 'fcm') queue(() => askAboutSilent(appSender));
  }

  function minute(): void {
    cancelFlush = clock.after(flushEveryMs, minute);
    queue(flush);
  }

  async function countOrphans(): Promise<void> {
    orphans = new Map([...(await registry.count())].filter(([app]) => !appSenders.has(app)));
    const count = [...orphans.values()].reduce((sum, registrations) => sum + registrations, 0);
    metrics.orphanedRegistrations.set(count);
    for (const [app, registrations] of orphans) {
      const hint = 'they are kept; servers hear that it cannot be done now, until the app is in the config again';
      log.warn({ app, count: registrations, hint }, 'registrations of an app that is not in the config');
    }
  }

  async function flush(): Promise<void> {
    const nodes = [...accepted];
    accepted.clear();
    for (let i = 0; i < nodes.length; i += flushBatch) {
      await registry.noteAlive(nodes.slice(i, i + flushBatch), clock.now());
      await new Promise(setImmediate);
    }
  }

  async function askAboutSilent(appSender: AppSender): Promise<void> {
    const app = appSender.app.name;
    const counts = { asked: 0, gone: 0 };
    let failures = 0;
    let after = '';
    while (counts.asked < askedPerDay && !stop.signal.aborted) {
      const nowMs = clock.now();
      const silent = await registry.findSilent({ app, beforeMs: nowMs - silentForMs, nowMs, after });
      const last = silent.at(-1);
      if (!last) break;
      after = last.node;
      for (const registration of silent) {
        if (stop.signal.aborted) return;
        const fate = await dispatcher.dispatch(
          appSender,
          registration,
          { push: question(registration), target: 'first' },
          answerWithinMs,
        );
        counts.asked += 1;
        failures = fate.kind === 'retry' || fate.kind === 'misconfigured' ? failures + 1 : 0;
        if (failures === failuresToStop) return report(app, counts);
        if (fate.kind === 'gone') counts.gone += 1;
        if (fate.kind === 'delivered') await registry.noteAlive([registration.node], clock.now());
        await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
      }
    }
    report(app, counts);
  }

  function report(app: string, { asked, gone }: { readonly asked: number; readonly gone: number }): void {
    if (asked === 0) return;
    log.info({ app, count: asked }, 'asked FCM about devices that were silent for 270 days');
    if (gone > 0) log.info({ app, count: gone }, 'of those, so many are gone and were removed');
  }

  function question({ app, node }: Registration): Push {
    const content = { kind: 'none' } as const;
    return {
      id: randomUuid(),
      app,
      node,
      kind: 'background',
      account: '',
      content,
      expiresAtMs: 0,
      validateOnly: true,
    };
  }

  return {
    start() {
      queue(countOrphans);
      cancelDay = clock.after(firstAfterMs, day);
      cancelFlush = clock.after(flushEveryMs, minute);
    },
    noteAccepted({ app, node, convention }) {
      if (appSenders.get(app)?.app.provider !== 'fcm' || convention === 'raw-token') return;
      if (accepted.size < rememberedLimit) accepted.add(node);
    },
    get orphans() {
      return orphans;
    },
    async drain() {
      stop.abort();
      cancelDay();
      cancelFlush();
      queue(flush);
      await underway;
    },
  };
}
