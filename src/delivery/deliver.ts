/** The way of a notification from lookup to answer. */
import { conventionOf } from '../conventions/all.ts';
import { type Answer, answers, type Outcome } from '../core/answers.ts';
import { domainOf } from '../core/jid.ts';
import type { Notification } from '../core/notification.ts';
import type { Push } from '../core/push.ts';
import type { Registration } from '../core/registration.ts';
import { callLifetimeMs, type Route, route } from '../core/routing.ts';
import type { TraceSink } from '../core/trace.ts';
import { Underway } from '../core/underway.ts';
import type { AppSender } from '../sending/app-sender.ts';
import type { Outbox } from '../store/outbox/contract.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { type Log, throttle } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { noSpans, type Spans } from '../telemetry/spans.ts';
import { backoffMs } from '../time/backoff.ts';
import type { Clock, Random } from '../time/clock.ts';
import { addressPush } from './addressed-push.ts';
import { refusePublisher } from './authorize.ts';
import { createCoalescer, type HeldPush } from './coalesce.ts';
import type { Dispatcher } from './dispatch.ts';
import { createEnqueue } from './enqueue.ts';
import type { Lookup } from './lookup.ts';
import type { RateLimits } from './rate-limits.ts';
import { receivedStep, routedStep } from './trace-steps.ts';
import { retryPause } from './retry-pause.ts';
import { endSpan, logWay, type Way } from './way.ts';

/** ejabberd and MongooseIM forget an IQ after 32 s; the queues of both sides need a part of that. Milliseconds. */
const answerWithinMs = 20_000;

/** Part of the answer time reserved for the outbox if a provider does not answer, in milliseconds. */
const storeWithinMs = 5_000;

/** A failing store fails for hundreds of notifications a second; the log gets one line in this many milliseconds. */
const logEveryMs = 60_000;

/** Registrations whose last wake-up is remembered, about 200 bytes each. */
const coalescedLimit = 100_000;

export interface DeliveryOptions {
  readonly registry: Pick<Lookup, 'find' | 'readmit'>;
  readonly appSenders: ReadonlyMap<string, AppSender>;
  readonly dispatcher: Dispatcher;
  readonly outbox: Pick<Outbox, 'enqueue' | 'complete'>;
  readonly rateLimits: Pick<RateLimits, 'mayPublish' | 'pushDelay'>;
  /** Called after a push was queued; `dueAtMs` is in milliseconds since 1970. */
  readonly onQueued: (push: Push, dueAtMs: number) => void;
  /** Called with what became of a notification whose registration is known. */
  readonly onOutcome: (registration: Registration, outcome: Outcome) => void;
  /** Called with what became of any notification, and with its registration if that is known. */
  readonly onAnswered: (
    seen: Pick<Notification, 'node' | 'publisher'> & Pick<Way, 'registration'>,
    outcome: Outcome,
  ) => void;
  readonly trace: TraceSink;
  /** Default: none. */
  readonly spans?: Spans;
  /** Its wall clock never goes back. */
  readonly clock: Clock;
  readonly random: Random;
  /** A version 4 UUID in lower case. */
  readonly randomUuid: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Delivers notifications until drained. */
export interface Delivery {
  /**
   * Takes one notification from lookup to answer, within `answerWithinMs`. Never rejects.
   * @param component our domain that it was published to
   */
  deliver(notification: Notification, component?: string): Promise<Answer>;
  /** From now on pushes are queued in place of being sent, so that each publish is answered in the time of a commit. */
  queueOnly(): void;
  /** Notifications answered so far, and those that are not yet. */
  readonly counts: { readonly answered: number; readonly underway: number };
  /** Resolves when no notification is under way. */
  drain(): Promise<void>;
}

/** A notification whose registration was found and whose publisher may publish. */
interface Admitted {
  readonly registration: Registration;
  readonly appSender: AppSender;
  readonly route: Route;
  /** Domain of the publisher. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly arrivedAtMs: number;
  /** Monotonic time by which the answer has to leave. */
  readonly deadlineMs: number;
  /** @param delayMs milliseconds until the push may leave */
  readonly addressed: (delayMs: number) => ReturnType<typeof addressPush>;
}

/** Builds the way of a notification. Each step of `decide` is a function of its own. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { registry, appSenders, dispatcher, outbox, rateLimits, onOutcome, onAnswered, trace } = options;
  const { clock, random, randomUuid, log, metrics, spans = noSpans } = options;
  const coalescer = createCoalescer({ now: () => clock.now(), limit: coalescedLimit });
  const enqueue = createEnqueue(options);
  const mayLog = throttle(logEveryMs, clock);
  const underway = new Underway();
  let isQueueOnly = false;
  let answered = 0;

  async function decide(notification: Notification, way: Way): Promise<Outcome> {
    const deadlineMs = clock.monotonic() + answerWithinMs;
    if (!rateLimits.mayPublish(notification.publisher)) return drop('rate-limited');
    const registration = await find(notification);
    if (typeof registration === 'string') return drop(registration);
    way.registration = registration;
    const outcome = await deliverTo(notification, registration, deadlineMs, way);
    onOutcome(registration, outcome);
    return outcome;
  }

  async function deliverTo(
    notification: Notification,
    registration: Registration,
    deadlineMs: number,
    way: Way,
  ): Promise<Outcome> {
    const admitted = admit(notification, registration, deadlineMs, way);
    if (typeof admitted === 'string') return admitted;
    // Most pushes are not held back, and a step that holds nothing back is not waited for.
    const held = coalesce(admitted) ?? delay(admitted);
    if (held) return held;
    const left = leave(admitted);
    return (left && (await left)) ?? send(admitted);
  }

  /** The registration. One that only the node describes is stored if the publisher may publish to it and its app exists. */
  async function find(notification: Notification): Promise<Registration | 'unknown-node' | 'lost'> {
    const found = await registry.find(notification.node, notification);
    if (trace.isActive) {
      const subject = 'registration' in found ? found.registration : { node: notification.node };
      trace.add(subject, receivedStep(notification, found.kind));
    }
    switch (found.kind) {
      case 'registered':
        return found.registration;
      case 'opened': {
        const { registration } = found;
        const convention = conventionOf(registration);
        const isRefused = !convention || refusePublisher(notification, registration, convention) !== undefined;
        if (isRefused || !appSenders.has(registration.app)) return registration;
        const readmitted = await registry.readmit(registration);
        return readmitted === 'full' ? 'lost' : (readmitted ?? 'unknown-node');
      }
      case 'lost':
        return 'lost';
      case 'removed':
      case 'unknown':
        return 'unknown-node';
    }
  }

  /** Checks the publisher, finds the app and picks the push. */
  function admit(
    notification: Notification,
    registration: Registration,
    deadlineMs: number,
    way: Way,
  ): Admitted | Outcome {
    // The app was removed from the config, or a later version wrote the convention: the server keeps the device.
    const convention = conventionOf(registration);
    if (!convention) return drop('unknown-app');
    const refusal = refusePublisher(notification, registration, convention);
    if (refusal) return drop(refusal, registration.app);
    if (trace.isActive) trace.add(registration, { step: 'authorized' });
    const appSender = appSenders.get(registration.app);
    if (!appSender) return drop('unknown-app');
    const { app } = appSender;
    const chosen = route(notification, registration, app, convention.alertRule(app));
    if (chosen === 'unimportant') return drop(chosen, app.name);
    if (chosen.oversize) metrics.oversize.inc({ app: app.name });
    if (trace.isActive) trace.add(registration, routedStep(chosen));
    const arrivedAtMs = clock.now();
    way.route = chosen;
    const addressed = (delayMs: number) => {
      const id = randomUuid();
      way.pushId = id;
      way.span?.leadsTo(id);
      return addressPush(chosen, registration, convention, { id, leavesAtMs: clock.now() + delayMs });
    };
    const domain = domainOf(notification.publisher);
    return { registration, appSender, route: chosen, domain, arrivedAtMs, deadlineMs, addressed };
  }

  /** Undefined: nothing holds this push back. */
  function coalesce(admitted: Admitted): Promise<Outcome> | undefined {
    const { registration, appSender, route: chosen, domain, arrivedAtMs, addressed } = admitted;
    if (!chosen.coalesce) return undefined;
    const later = coalescer.claim(registration.node, appSender.app.backgroundIntervalMs, {
      replaces: chosen.content.kind !== 'none',
      hold(delayMs) {
        const held = addressed(delayMs);
        return heldPush(held.push.id, enqueue(held, { domain, arrivedAtMs, pauseMs: delayMs, attempts: 0 }));
      },
    });
    if (later === 'now') return undefined;
    if (trace.isActive) trace.add(registration, { step: 'held', why: 'coalesced' });
    return later.then((isStored) => (isStored ? drop('coalesced', registration.app) : 'not-queued'));
  }

  // A function of its own, so that the coalescer remembers an id and not the push.
  function heldPush(id: string, stored: Promise<boolean>): HeldPush {
    return { stored, withdraw: () => outbox.complete(id) };
  }

  /** Queues a push beyond the device's rate limit; undefined: it may leave now. Calls count but are never delayed. */
  function delay(admitted: Admitted): Promise<Outcome> | undefined {
    const { registration, route: chosen } = admitted;
    const delayMs = rateLimits.pushDelay(registration);
    if (delayMs === 0 || chosen.lifetimeMs <= callLifetimeMs) return undefined;
    if (trace.isActive) trace.add(registration, { step: 'held', why: 'rate-limit' });
    return enqueueFirst(admitted, delayMs).then((isStored) => (isStored ? 'queued' : 'not-queued'));
  }

  /**
   * Leaves a push to whoever serves the outbox next: another process, or this one after its restart. Undefined, at once or
   * after a failure: it is sent. A call is, since it may be over by then.
   */
  function leave(admitted: Admitted): Promise<Outcome | undefined> | undefined {
    if (!isQueueOnly || admitted.route.lifetimeMs <= callLifetimeMs) return undefined;
    return enqueueFirst(admitted, 0).then((isStored) => (isStored ? 'queued' : undefined));
  }

  function enqueueFirst({ domain, arrivedAtMs, addressed }: Admitted, pauseMs: number): Promise<boolean> {
    return enqueue(addressed(pauseMs), { domain, arrivedAtMs, pauseMs, attempts: 0 });
  }

  async function send(admitted: Admitted): Promise<Outcome> {
    const { registration, appSender, domain, arrivedAtMs, deadlineMs, addressed } = admitted;
    const patienceMs = deadlineMs - clock.monotonic() - storeWithinMs;
    const dispatched = await dispatcher.dispatch(appSender, registration, addressed(0), patienceMs);
    if (dispatched.kind !== 'retry') return dispatched.kind;
    const { pending, afterMs } = dispatched;
    const bounds = { ...retryPause(pending.push), ...(afterMs !== undefined && { afterMs }) };
    const pauseMs = backoffMs({ attempt: 1, random, ...bounds });
    return (await enqueue(pending, { domain, arrivedAtMs, pauseMs, attempts: 1 })) ? 'queued' : 'not-queued';
  }

  function drop<O extends Outcome>(outcome: O, app = '-'): O {
    metrics.dropped.inc({ app, cause: outcome });
    return outcome;
  }

  async function decideSafely(notification: Notification, way: Way): Promise<Outcome> {
    try {
      return await decide(notification, way);
    } catch (error) {
      way.span?.fail(error);
      if (mayLog()) log.error({ reason: errorCode(error) }, 'notifications fail because of an error of ours');
      return drop('store-failed');
    }
  }

  async function deliver(notification: Notification, component?: string): Promise<Answer> {
    const startedAtMs = clock.monotonic();
    const way: Way = { span: spans.notification() };
    underway.begin();
    try {
      const outcome = await decideSafely(notification, way);
      onAnswered({ ...way, node: notification.node, publisher: notification.publisher }, outcome);
      logWay(log, notification, way, { outcome, durationMs: clock.monotonic() - startedAtMs });
      if (way.span) endSpan(way.span, notification, way, { outcome, component });
      if (trace.isActive)
        trace.add({ node: notification.node }, { step: 'outcome', outcome, answer: answers[outcome] });
      answered += 1;
      return answers[outcome];
    } finally {
      underway.end();
    }
  }

  return {
    deliver,
    queueOnly() {
      isQueueOnly = true;
    },
    get counts() {
      return { answered, underway: underway.count };
    },
    drain: () => underway.whenIdle(),
  };
}
