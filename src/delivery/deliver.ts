import { conventionOf } from '../conventions/all.ts';
import { type Answer, answers, type Verdict } from '../core/answers.ts';
import { refusePublisher } from './authorize.ts';
import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import { createCoalescer } from './coalesce.ts';
import type { Addressed, Dispatcher } from './dispatch.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Guard } from '../guard/contract.ts';
import { domainOf } from '../core/jid.ts';
import type { AppSender } from '../sending/app-sender.ts';
import { isStored, type Lookup } from './lookup.ts';
import type { Outbox } from '../store/outbox/contract.ts';
import type { Notification } from '../core/notification.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { retryPause } from './retry.ts';
import { callLifetimeMs, isCall, type Route, route } from '../core/routing.ts';
import { errorCode, type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** ejabberd and MongooseIM forget an IQ after 32 s; their own queues and ours need some of that. */
export const answerWithinMs = 20_000;

/** Kept back for the outbox when a provider does not answer in time. */
const storeWithinMs = 5_000;

/** A store that fails does so for each of hundreds a second. */
const complainEveryMs = 60_000;

/** Wake-ups are remembered for about this many registrations at a time, some 200 bytes each. */
const coalescedLimit = 100_000;

export interface DeliveryOptions {
  readonly registry: Pick<Lookup, 'find' | 'wasRemoved'>;
  readonly guard: Pick<Guard, 'seeKnown' | 'seeMissing' | 'seeRemoved' | 'seeUnknown'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Pick<Outbox, 'put' | 'now'>;
  readonly shares: Pick<RateLimits, 'mayPublish' | 'pushDelay'>;
  /** Told when a push was stored that falls due then. */
  readonly onOwed: (push: Push, dueAtMs: number) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** A version 4 UUID in lower case. */
  readonly randomUuid: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Delivery {
  /** Takes one notification from look-up to answer, within `answerWithinMs`. Never rejects. */
  deliver(notification: Notification): Promise<Answer>;
  /** Resolves when every notification that was taken has its answer. */
  drain(): Promise<void>;
}

/** Builds the way of a notification: registration, publisher, route, provider, and the outbox for what is still owed. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { registry, guard, appSenders, dispatcher, outbox, shares, onOwed, clock, random, randomUuid, log, metrics } =
    options;
  const coalescer = createCoalescer({ now: outbox.now, limit: coalescedLimit });
  const mayComplain = throttle(complainEveryMs, clock);
  const underway = new Set<Promise<Answer>>();

  async function judge(notification: Notification): Promise<Verdict> {
    const deadlineMs = clock.monotonic() + answerWithinMs;
    if (!shares.mayPublish(notification.publisher)) return dropped('-', 'over-share');
    const registration = await registry.find(notification.node, notification);
    if (!registration) return dropped('-', await judgeStranger(notification));
    if (isStored(registration)) guard.seeKnown(registration.node);
    // A convention of a later version is as unknown as an app that left the config: the server keeps the device.
    const convention = conventionOf(registration);
    if (!convention) return dropped('-', 'unknown-app');
    const refusal = refusePublisher(notification, registration, convention);
    if (refusal) return dropped(registration.app, refusal);
    const appSender = appSenders.get(registration.app);
    if (!appSender) return dropped('-', 'unknown-app');
    const chosen = route(notification, registration, appSender.app, convention.alertRule(appSender.app));
    if (chosen.coalesce) {
      const claimed = coalescer.claim(registration.node, appSender.app.backgroundIntervalMs, (delayMs) => {
        return putBy(appSender, addressedPush(registration, chosen, delayMs), {
          arrivedAtMs: outbox.now(),
          pauseMs: delayMs,
          attempts: 0,
        });
      });
      if (claimed !== 'now') return (await claimed) ? dropped(registration.app, 'coalesced') : 'retry';
    }
    // A call that comes late is no call; it counts all the same.
    const delayMs = shares.pushDelay(registration.node);
    if (delayMs === 0 || chosen.lifetimeMs <= callLifetimeMs) return send(appSender, registration, chosen, deadlineMs);
    const addressed = addressedPush(registration, chosen, delayMs);
    const isQueued = await putBy(appSender, addressed, { arrivedAtMs: outbox.now(), pauseMs: delayMs, attempts: 0 });
    return isQueued ? 'owed' : 'retry';
  }

  async function judgeStranger({ node, publisher }: Notification): Promise<'unknown-node' | 'held'> {
    guard.seeMissing(node);
    let wasRemoved = true;
    try {
      wasRemoved = await registry.wasRemoved(node);
    } finally {
      if (wasRemoved) guard.seeRemoved(node);
    }
    return wasRemoved || guard.seeUnknown(node, domainOf(publisher)) ? 'unknown-node' : 'held';
  }

  function dropped<V extends Verdict>(app: string, cause: V): V {
    metrics.dropped.inc({ app, cause });
    return cause;
  }

  async function send(
    appSender: AppSender,
    registration: Registration,
    chosen: Route,
    deadlineMs: number,
  ): Promise<Verdict> {
    const arrivedAtMs = outbox.now();
    const patienceMs = deadlineMs - clock.monotonic() - storeWithinMs;
    const fate = await dispatcher.dispatch(appSender, registration, addressedPush(registration, chosen), patienceMs);
    if (fate.kind !== 'retry') return fate.kind;
    const { owed, afterMs } = fate;
    const bounds = { ...retryPause(owed.push), ...(afterMs !== undefined && { afterMs }) };
    const pauseMs = backoffMs({ attempt: 1, random, ...bounds });
    return (await putBy(appSender, owed, { arrivedAtMs, pauseMs, attempts: 1 })) ? 'owed' : 'retry';
  }

  /** @param delayMs until it may leave: its life begins then */
  function addressedPush(
    registration: Registration,
    { kind, target, content, lifetimeMs }: Route,
    delayMs = 0,
  ): Addressed {
    const { app, node } = registration;
    const address = conventionOf(registration)?.addressOf(registration) ?? { account: '' };
    const expiresAtMs = lifetimeMs === 0 ? 0 : Math.ceil(clock.now() + delayMs + lifetimeMs);
    return {
      push: {
        id: randomUuid(),
        app,
        node,
        kind,
        ...address,
        content,
        expiresAtMs,
      },
      target,
    };
  }

  /** Stores what is to be sent later, durably: only then may the server hear that it was taken. */
  async function putBy(
    appSender: AppSender,
    { push, target }: Addressed,
    { arrivedAtMs, pauseMs, attempts }: { arrivedAtMs: number; pauseMs: number; attempts: number },
  ): Promise<boolean> {
    const nowMs = outbox.now();
    const giveUpAtMs = isCall(push) ? arrivedAtMs + callLifetimeMs : nowMs + (push.expiresAtMs - clock.now());
    const dueAtMs = Math.ceil(nowMs + pauseMs);
    const stored = await outbox.put({ push, target, attempts, storedAtMs: arrivedAtMs, giveUpAtMs }, dueAtMs);
    metrics.owed.inc({ app: appSender.app.name, result: stored });
    if (stored !== 'stored') return false;
    onOwed(push, dueAtMs);
    return true;
  }

  async function deliver(notification: Notification): Promise<Answer> {
    try {
      return answers[await judge(notification)];
    } catch (error) {
      metrics.dropped.inc({ app: '-', cause: 'store-failed' });
      if (mayComplain()) log.error({ reason: errorCode(error) }, 'notifications fail for a reason of our own');
      return answers['store-failed'];
    }
  }

  return {
    deliver(notification) {
      const work = deliver(notification);
      underway.add(work);
      void work.then(() => underway.delete(work));
      return work;
    },
    drain: async () => void (await Promise.all(underway)),
  };
}
