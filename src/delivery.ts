import { type Answer, answers, type Verdict } from './answers.ts';
import { refusePublisher } from './authorization.ts';
import { type Bulkhead, createBulkhead } from './bulkhead.ts';
import type { Clock } from './clock.ts';
import { createCoalescer } from './coalescer.ts';
import type { App, Environment, Notification, Outcome, Provider, Push, Registration } from './push.ts';
import type { Registry } from './registry/contract.ts';
import { callAlertRoute, type Route, route } from './routing.ts';
import { errorWord, fingerprint, type Log, type Metrics } from './telemetry.ts';

/** ejabberd and MongooseIM forget an IQ after 32 s; their own queues and ours need some of that. */
export const answerWithinMs = 20_000;

/** One attempt of a provider; what is left of `answerWithinMs` bounds it too. */
const attemptWithinMs = 10_000;

/** Waiting places per place inside a bulkhead: at a provider's 100 ms, ten rounds are one second of waiting. */
const waitingPerPlace = 10;

/** Wake-ups are remembered for about this many registrations at a time, some 200 bytes each. */
const coalescedLimit = 100_000;

const complainEveryMs = 60_000;

export interface DeliveryOptions {
  readonly registry: Pick<Registry, 'find' | 'remove' | 'dropSecondToken' | 'rememberEnvironment'>;
  readonly apps: ReadonlyMap<string, { readonly app: App; readonly provider: Provider }>;
  readonly clock: Clock;
  /** A version 4 UUID in lower case. */
  readonly randomUuid: () => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Delivery {
  /** Takes one notification from look-up to answer, within `answerWithinMs`. Never rejects. */
  deliver(notification: Notification): Promise<Answer>;
  /** By app name, as the latest outcomes show it. */
  states(): ReadonlyMap<string, AppState>;
  /** Sends what was held back and resolves when nothing is on its way any more. */
  drain(): Promise<void>;
}

/** How an app fares with its provider. */
export type AppState =
  | { readonly kind: 'working' }
  | { readonly kind: 'failing'; readonly reason: string; readonly failures: number }
  | { readonly kind: 'misconfigured'; readonly reason: string };

/** A busy device's 429 or one broken connection is no sign of trouble yet. */
const failuresToWarn = 5;

interface Lane {
  readonly app: App;
  readonly provider: Provider;
  readonly bulkhead: Bulkhead;
  complainedAtMs: number;
  /** Since the provider last dealt with a push. */
  failures: number;
  trouble?: Extract<Outcome, { reason: string }>;
}

/** Builds the way of a notification: registration, publisher, route, bulkhead, provider, effects of the outcome. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { registry, clock, randomUuid, log, metrics } = options;
  const lanes = new Map<string, Lane>();
  for (const [name, { app, provider }] of options.apps) {
    const bulkhead = createBulkhead({ width: app.inFlight, queueLimit: app.inFlight * waitingPerPlace, clock });
    lanes.set(name, { app, provider, bulkhead, complainedAtMs: -Infinity, failures: 0 });
  }
  const coalescer = createCoalescer({ clock, limit: coalescedLimit });
  const underway = new Set<Promise<unknown>>();

  const track = <T>(work: Promise<T>): Promise<T> => {
    underway.add(work);
    const forget = () => underway.delete(work);
    work.then(forget, forget);
    return work;
  };

  async function judge(notification: Notification): Promise<Verdict> {
    const deadlineMs = clock.monotonic() + answerWithinMs;
    const registration = await registry.find(notification.node);
    if (!registration) {
      metrics.dropped.inc({ app: '-', cause: 'unknown-node' });
      return 'unknown-node';
    }
    const { app: appName } = registration;
    const refusal = refusePublisher(notification, registration);
    if (refusal) {
      metrics.dropped.inc({ app: appName, cause: refusal });
      return refusal;
    }
    const lane = lanes.get(appName);
    if (!lane) {
      metrics.dropped.inc({ app: '-', cause: 'unknown-app' });
      return 'unknown-app';
    }
    const chosen = route(notification, registration, lane.app);
    if (chosen.coalesce) {
      const later = () => void track(sendLater(lane, registration.node, chosen));
      if (!coalescer.claim(registration.node, lane.app.backgroundIntervalMs, later)) {
        metrics.dropped.inc({ app: appName, cause: 'coalesced' });
        return 'coalesced';
      }
    }
    return send(lane, registration, chosen, deadlineMs);
  }

  /** A coalesced push when its time has come: the registration may have changed or gone meanwhile. */
  async function sendLater(lane: Lane, node: string, chosen: Route): Promise<void> {
    try {
      const registration = await registry.find(node);
      if (registration) await send(lane, registration, chosen, clock.monotonic() + answerWithinMs);
    } catch (error) {
      const fields = { app: lane.app.name, registration: fingerprint(node), reason: errorWord(error) };
      log.error(fields, 'a coalesced push failed for a reason of our own');
    }
  }

  /** One push through the bulkhead, and in its place another one where its outcome asks for that. */
  async function send(lane: Lane, registration: Registration, chosen: Route, deadlineMs: number): Promise<Verdict> {
    const outcome = await attempt(lane, registration, chosen, deadlineMs);
    if (outcome === 'overloaded') return outcome;
    switch (outcome.kind) {
      case 'delivered':
        await rememberEnvironment(registration, outcome.environment);
        return 'delivered';
      case 'gone':
        if (chosen.target === 'second' && registration.secondToken !== undefined) {
          const { node, secondToken } = registration;
          await noted(registration, registry.dropSecondToken(node, secondToken));
          return send(lane, registration, callAlertRoute(chosen.content), deadlineMs);
        }
        return (await remove(registration, outcome.reason)) ? 'gone' : 'retry';
      case 'refused':
        if (chosen.kind === 'voip') return send(lane, registration, callAlertRoute(chosen.content), deadlineMs);
        if (chosen.content.kind === 'none') return 'refused';
        return send(lane, registration, { ...chosen, content: { kind: 'none' } }, deadlineMs);
      case 'misconfigured':
        complain(lane, outcome.reason);
        return 'misconfigured';
      case 'retry':
        return 'retry';
    }
  }

  async function attempt(
    lane: Lane,
    registration: Registration,
    chosen: Route,
    deadlineMs: number,
  ): Promise<Outcome | 'overloaded'> {
    const { app, provider, bulkhead } = lane;
    if (!(await bulkhead.enter(deadlineMs - clock.monotonic()))) {
      metrics.dropped.inc({ app: app.name, cause: 'overloaded' });
      return 'overloaded';
    }
    metrics.inFlight.inc({ app: app.name });
    try {
      const patienceMs = Math.min(attemptWithinMs, deadlineMs - clock.monotonic());
      const outcome = await provider.send(pushFor(registration, chosen), deviceOf(registration, chosen), patienceMs);
      metrics.pushes.inc({ app: app.name, outcome: outcome.kind });
      noteOutcome(lane, outcome);
      return outcome;
    } finally {
      metrics.inFlight.dec({ app: app.name });
      bulkhead.leave();
    }
  }

  function pushFor(registration: Registration, chosen: Route): Push {
    const { kind, content, lifetimeMs } = chosen;
    const { app, node, account } = registration;
    const expiresAtMs = lifetimeMs === 0 ? 0 : clock.now() + lifetimeMs;
    return { id: randomUuid(), app, node, kind, account, content, expiresAtMs };
  }

  async function rememberEnvironment(registration: Registration, environment?: Environment): Promise<void> {
    if (!environment || environment === registration.environment) return;
    await noted(registration, registry.rememberEnvironment(registration.node, environment));
  }

  /** What is only worth knowing for next time must not spoil the answer to this push when the store fails. */
  async function noted(registration: Registration, write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      const fields = { app: registration.app, registration: fingerprint(registration.node), reason: errorWord(error) };
      log.warn(fields, 'a registration could not be updated');
    }
  }

  async function remove(registration: Registration, reason: string): Promise<boolean> {
    const removed = await registry.remove(registration.node, registration.registeredAtMs, 'gone');
    const fields = { app: registration.app, registration: fingerprint(registration.node), reason };
    if (removed) log.info(fields, 'registration removed: the provider says that its device token is dead');
    return removed;
  }

  function complain(lane: Lane, reason: string): void {
    const now = clock.monotonic();
    if (now - lane.complainedAtMs < complainEveryMs) return;
    lane.complainedAtMs = now;
    const hint = 'check key, topic, project and environment of this app; no registration is lost meanwhile';
    log.error({ app: lane.app.name, reason, hint }, 'the provider refuses us: the configuration is wrong');
  }

  async function deliver(notification: Notification): Promise<Answer> {
    try {
      return answers[await judge(notification)];
    } catch (error) {
      log.error({ reason: errorWord(error) }, 'a notification failed for a reason of our own');
      return answers['store-failed'];
    }
  }

  return {
    deliver: (notification) => track(deliver(notification)),
    states: () => new Map([...lanes].map(([name, lane]) => [name, stateOf(lane)])),
    async drain() {
      coalescer.flush();
      while (underway.size > 0) await Promise.allSettled(underway);
    },
  };
}

function noteOutcome(lane: Lane, outcome: Outcome): void {
  if (outcome.kind === 'retry' || outcome.kind === 'misconfigured') {
    lane.failures += 1;
    lane.trouble = outcome;
  } else {
    lane.failures = 0;
    delete lane.trouble;
  }
}

function stateOf({ failures, trouble }: Lane): AppState {
  if (!trouble) return { kind: 'working' };
  if (trouble.kind === 'misconfigured') return { kind: 'misconfigured', reason: trouble.reason };
  return failures < failuresToWarn ? { kind: 'working' } : { kind: 'failing', reason: trouble.reason, failures };
}

function deviceOf(registration: Registration, chosen: Route) {
  const { token, secondToken, environment, registeredAtMs } = registration;
  const addressed = chosen.target === 'second' ? (secondToken ?? token) : token;
  return { token: addressed, registeredAtMs, ...(environment && { environment }) };
}
