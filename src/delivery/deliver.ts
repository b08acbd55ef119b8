/** The way of a notification, from look-up to answer. */
import { conventionOf } from '../conventions/all.ts';
import { type Answer, answers, type Outcome } from '../core/answers.ts';
import type { Notification } from '../core/notification.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { callLifetimeMs, type Route, route } from '../core/routing.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Outbox } from '../store/outbox/contract.ts';
import { errorCode, type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import { addressPush } from './addressed-push.ts';
import { refusePublisher } from './authorize.ts';
import { createCoalescer } from './coalesce.ts';
import type { Dispatcher } from './dispatch.ts';
import { createEnqueue } from './enqueue.ts';
import type { Lookup } from './lookup.ts';
import type { RateLimits } from './rate-limits.ts';
import { retryPause } from './retry-pause.ts';

/** ejabberd and MongooseIM forget an IQ after 32 s; their own queues and ours need some of that. */
export const answerWithinMs = 20_000;

/** Kept back for the outbox when a provider does not answer in time, milliseconds. */
const storeWithinMs = 5_000;

/** A store that fails does so for each of hundreds a second, milliseconds. */
const complainEveryMs = 60_000;

/** Wake-ups are remembered for about this many registrations at a time, some 200 bytes each. */
const coalescedLimit = 100_000;

export interface DeliveryOptions {
  readonly registry: Pick<Lookup, 'find' | 'readmit'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Pick<Outbox, 'enqueue'>;
  readonly rateLimits: Pick<RateLimits, 'mayPublish' | 'pushDelay'>;
  /** Told when a push was queued that falls due then, milliseconds since 1970. */
  readonly onQueued: (push: Push, dueAtMs: number) => void;
  /** Its wall time never goes back. */
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

/** A notification whose registration was found and whose publisher may publish. */
interface Admitted {
  readonly registration: Registration;
  readonly appSender: AppSender;
  readonly route: Route;
  /** Milliseconds since 1970. */
  readonly arrivedAtMs: number;
  /** Monotonic time by which the answer has to leave. */
  readonly deadlineMs: number;
  /** @param delayMs until it may leave */
  readonly addressed: (delayMs: number) => ReturnType<typeof addressPush>;
}

/** Builds the way of a notification: each step of `decide` is a function of its own. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { registry, appSenders, dispatcher, rateLimits, clock, random, randomUuid, log, metrics } = options;
  const coalescer = createCoalescer({ now: () => clock.now(), limit: coalescedLimit });
  const enqueue = createEnqueue(options);
  const mayComplain = throttle(complainEveryMs, clock);
  const underway = new Set<Promise<Answer>>();

  async function decide(notification: Notification): Promise<Outcome> {
    const deadlineMs = clock.monotonic() + answerWithinMs;
    if (!rateLimits.mayPublish(notification.publisher)) return drop('rate-limited');
    const registration = await find(notification);
    if (typeof registration === 'string') return drop(registration);
    const admitted = admit(notification, registration, deadlineMs);
    if (typeof admitted === 'string') return admitted;
    return (await coalesce(admitted)) ?? (await delay(admitted)) ?? send(admitted);
  }

  /** The registration; one that the node alone says is stored only for who may publish to it, and for an app of ours. */
  async function find(notification: Notification): Promise<Registration | 'unknown-node' | 'lost'> {
    const found = await registry.find(notification.node, notification);
    switch (found.kind) {
      case 'registered':
        return found.registration;
      case 'opened': {
        const { registration } = found;
        const convention = conventionOf(registration);
        const isRefused = !convention || refusePublisher(notification, registration, convention) !== undefined;
        if (isRefused || !appSenders.has(registration.app)) return registration;
        return (await registry.readmit(registration)) ?? 'unknown-node';
      }
      case 'lost':
        return 'lost';
      case 'removed':
      case 'unknown':
        return 'unknown-node';
    }
  }

  /** Who may publish, which app it is for, and which push it leads to. */
  function admit(notification: Notification, registration: Registration, deadlineMs: number): Admitted | Outcome {
    // A convention of a later version is as unknown as an app that left the config: the server keeps the device.
    const convention = conventionOf(registration);
    if (!convention) return drop('unknown-app');
    const refusal = refusePublisher(notification, registration, convention);
    if (refusal) return drop(refusal, registration.app);
    const appSender = appSenders.get(registration.app);
    if (!appSender) return drop('unknown-app');
    const { app } = appSender;
    const chosen = route(notification, registration, app, convention.alertRule(app));
    if (chosen.oversize) metrics.oversize.inc({ app: app.name });
    const arrivedAtMs = clock.now();
    const addressed = (delayMs: number) =>
      addressPush(chosen, registration, convention, { id: randomUuid(), leavesAtMs: clock.now() + delayMs });
    return { registration, appSender, route: chosen, arrivedAtMs, deadlineMs, addressed };
  }

  /** Undefined: this one is not held back. */
  async function coalesce(admitted: Admitted): Promise<Outcome | undefined> {
    const { registration, appSender, route: chosen, arrivedAtMs, addressed } = admitted;
    if (!chosen.coalesce) return undefined;
    const later = coalescer.claim(registration.node, appSender.app.backgroundIntervalMs, (delayMs) =>
      enqueue(addressed(delayMs), { arrivedAtMs, pauseMs: delayMs, attempts: 0 }),
    );
    if (later === 'now') return undefined;
    return (await later) ? drop('coalesced', registration.app) : 'not-queued';
  }

  /** What is beyond the device's share leaves later; undefined: now. A call that comes late is no call, and counts all the same. */
  async function delay({
    registration,
    route: chosen,
    arrivedAtMs,
    addressed,
  }: Admitted): Promise<Outcome | undefined> {
    const delayMs = rateLimits.pushDelay(registration);
    if (delayMs === 0 || chosen.lifetimeMs <= callLifetimeMs) return undefined;
    return (await enqueue(addressed(delayMs), { arrivedAtMs, pauseMs: delayMs, attempts: 0 }))
      ? 'queued'
      : 'not-queued';
  }

  async function send({ registration, appSender, arrivedAtMs, deadlineMs, addressed }: Admitted): Promise<Outcome> {
    const patienceMs = deadlineMs - clock.monotonic() - storeWithinMs;
    const dispatched = await dispatcher.dispatch(appSender, registration, addressed(0), patienceMs);
    if (dispatched.kind !== 'retry') return dispatched.kind;
    const { pending, afterMs } = dispatched;
    const bounds = { ...retryPause(pending.push), ...(afterMs !== undefined && { afterMs }) };
    const pauseMs = backoffMs({ attempt: 1, random, ...bounds });
    return (await enqueue(pending, { arrivedAtMs, pauseMs, attempts: 1 })) ? 'queued' : 'not-queued';
  }

  function drop<O extends Outcome>(outcome: O, app = '-'): O {
    metrics.dropped.inc({ app, cause: outcome });
    return outcome;
  }

  async function answer(notification: Notification): Promise<Answer> {
    try {
      return answers[await decide(notification)];
    } catch (error) {
      if (mayComplain()) log.error({ reason: errorCode(error) }, 'notifications fail for a reason of our own');
      return answers[drop('store-failed')];
    }
  }

  return {
    deliver(notification) {
      const work = answer(notification);
      underway.add(work);
      void work.then(() => underway.delete(work));
      return work;
    },
    drain: async () => void (await Promise.all(underway)),
  };
}
