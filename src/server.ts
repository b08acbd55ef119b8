import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { realpathSync, statSync } from 'node:fs';
import { type Clock, neverBack, type Random } from './time/clock.ts';
import type { ConfigChanges } from './config/changes.ts';
import type { Config } from './config/config.ts';
import { warnOfClientNeeds } from './config/client-needs.ts';
import { warnOfExposure } from './config/exposure.ts';
import { reloadConfig } from './config/reload.ts';
import { logSummary } from './config/summary.ts';
import { createDelivery } from './delivery/deliver.ts';
import { createDeviceNotes } from './delivery/device-notes.ts';
import { createDispatcher } from './delivery/dispatch.ts';
import { createFloods } from './delivery/floods.ts';
import { announceGuarded, createGuard } from './guard/guard.ts';
import { reportGuard } from './guard/report.ts';
import { createDeviceControl } from './ops/admin/device-control.ts';
import { assembleHealth } from './ops/health.ts';
import { createFailures } from './ops/console/failures.ts';
import { createOrphans } from './ops/orphans.ts';
import { createOpsListener } from './ops/listener.ts';
import { opening } from './http/listen-error.ts';
import { createPublicListener } from './http/public.ts';
import { addPushAppserver } from './http/push-appserver.ts';
import { addRegistrations } from './http/registrations.ts';
import { createRateLimits } from './delivery/rate-limits.ts';
import { createAppSender } from './sending/app-sender.ts';
import { createAppSenders } from './sending/app-senders.ts';
import { createLookup } from './delivery/lookup.ts';
import { sealedConventions } from './conventions/all.ts';
import { openNodeNames } from './nodes/open-node-names.ts';
import { startProviders } from './providers/all.ts';
import { createClockWatch } from './providers/clock-watch.ts';
import { foldCase } from './core/jid.ts';
import type { Registration } from './core/registration.ts';
import { createTestPush } from './delivery/test-push.ts';
import { createTracer } from './delivery/tracer.ts';
import { createRetryScheduler } from './delivery/retry.ts';
import { openStore } from './store/open.ts';
import { announceApp, forgetApp, type Metrics } from './telemetry/metrics.ts';
import type { LeveledLog } from './telemetry/log.ts';
import { noSpans, type Spans } from './telemetry/spans.ts';
import { type Component, createComponent } from './xmpp/services/component.ts';
import { createLinks } from './xmpp/link/create-links.ts';
import { relayLateAnswers } from './xmpp/link/relay-late-answers.ts';
import { revoke } from './xmpp/link/revoke.ts';

// An init system or container runtime commonly kills a process after 10 s.
/** Milliseconds to answer what the links have read. */
const linksWithinMs = 5_500;
/** Milliseconds until pushes that hang at a provider are queued, 1.5 s before the links answer for what hangs. */
const attemptsWithinMs = 2_600;
/** Milliseconds from then on in which calls, which are not left to the next process, are still sent. */
const lastAttemptsMs = 750;
/** Milliseconds for queued pushes under way and for connections to providers. */
const restWithinMs = 1_000;

export interface ServerOptions {
  readonly config: Config;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: LeveledLog;
  readonly metrics: Metrics;
  /** Default: none. */
  readonly spans?: Spans;
}

/** A running Sealpost server. */
export interface Server {
  /** Origins of the ops listener and the public listener. */
  readonly opsUrl: string;
  readonly publicUrl: string;
  /** Whether notifications are under way. */
  isBusy(): boolean;
  /** Resolves when every component link is up. */
  whenOnline(): Promise<void>;
  /**
   * Reads the config again: apps, limits and the level of the log change at once, the log says what needs a restart. Then
   * checks whether credential files were replaced. Never rejects; on any error everything stays as it was.
   * @param read throws ConfigError
   */
  reload(read: () => Config): Promise<void>;
  /** Answers everything that arrived, then closes the parts in the order of their dependencies, within 10 s. */
  drain(): Promise<void>;
}

/**
 * Builds the parts from the config and starts them: store, providers, HTTP, links. Links start last, so that nothing
 * arrives before it can be handled.
 * @throws StoreError or ListenError if the store or a listener cannot be opened; links retry instead
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, version, clock, random, log, metrics, spans = noSpans } = options;
  logSummary({ config, version, log });
  const files = { realpath: (path: string) => realpathSync(path), stat: (path: string) => statSync(path) };
  warnOfExposure({ origin: config.origin, files, uid: process.getuid?.(), log });
  warnOfClientNeeds({ apps: config.apps, log });

  // If the machine's clock is set back, stored due times must not be delayed by as much.
  const forward = neverBack(clock);
  const aheadMs = () => forward.now() - clock.now();
  const storePath = config.store.kind === 'sqlite' ? config.store.path : undefined;
  const nodes = openNodeNames({ config: config.nodes, storePath, conventions: sealedConventions, randomBytes, log });
  const { store: location, postgres } = config;
  const store = await openStore({
    store: location,
    postgres,
    nodes,
    registrations: config.registrations,
    clock,
    forward,
    random,
    log,
    metrics,
    isServer: true,
  });
  const { registry, outbox, lateAnswers } = store;

  const clockWatch = createClockWatch({ clock, log });
  const createProvider = startProviders({ ...config.credentials, clockWatch, clock, random, log, metrics });
  const senders = createAppSenders<Config['apps'][number]>((app) => {
    const connect = (onReplaced: () => void) => createProvider(app, onReplaced);
    const appSender = createAppSender({ app, connect, clock, aheadMs, random, log, metrics });
    announceApp(metrics, app);
    return appSender;
  });
  senders.replace({ apps: config.apps, removed: [] });
  const appSenders = senders.byName;
  const apps = [...appSenders.keys()];
  const floods = createFloods({ clock, log });
  const rateLimits = createRateLimits({ settings: config.limits, floods, clock });
  const lookup = createLookup({ registry, nodes, apps: config.apps, clock });
  const guard = createGuard({ apps, clock, log, metrics });
  const orphans = createOrphans({ registry, apps: new Set(apps), clock, log, metrics });

  const removals = new EventEmitter<{ removed: [Registration] }>();
  removals.on('removed', ({ node }) => outbox.removeNode(node));
  const onRemoved = (registration: Registration) => void removals.emit('removed', registration);
  const deviceNotes = createDeviceNotes({ registry, clock, log });
  const failures = createFailures({ clock, appSenders });
  const onResult: typeof deviceNotes.pushed = (...result) => {
    deviceNotes.pushed(...result);
    failures.push(...result);
  };
  const tracer = createTracer({ clock });
  const trace = tracer.sink;
  const effects = { onResult, onRemoved };
  const dispatcher = createDispatcher({ registry: lookup, guard, ...effects, trace, spans, clock: forward, log });
  const parts = { registry: lookup, appSenders, dispatcher, outbox, rateLimits };
  const sending = { ...parts, trace, spans, clock: forward, random, log, metrics };
  const retryScheduler = createRetryScheduler({ ...sending, isShared: store.isShared });
  const onQueued = retryScheduler.expect;
  const delivery = createDelivery({
    ...sending,
    onQueued,
    onOutcome: deviceNotes.published,
    onAnswered: failures.publish,
    randomUuid: randomUUID,
  });

  const handlers = {
    deliver: delivery.deliver,
    register: registry.register,
    unregister: registry.unregister,
    mayCommand: rateLimits.mayCommand,
    largestCiphertext: (app: string, account: string) => appSenders.get(app)?.provider.largestCiphertext(account) ?? 0,
  };
  const components: Component[] = [];
  const links = createLinks({
    entries: config.xmpp,
    component(domain) {
      const handle = createComponent({ domain, apps: config.apps, handlers, version, clock, log, metrics });
      components.push(handle);
      return handle;
    },
    ...{ lateAnswers, clock, random, log, metrics },
  });

  removals.on('removed', (registration) => revoke(registration, links));

  const watched = { clock: clockWatch, limits: floods };
  const health = () => assembleHealth({ links, registry, outbox, guard, orphans, appSenders, watched });
  const openingOps = createOpsListener({
    ...config.http.ops,
    health,
    admin: {
      ...(config.admin.token && { token: config.admin.token }),
      hosts: [foldCase(config.http.ops.host), ...(config.admin.hosts ?? [])],
      guard: { describe: () => reportGuard(guard.state), release: guard.release },
      devices: createDeviceControl({
        ...{ devices: store.devices, registry, outbox, notes: deviceNotes, waitOf: rateLimits.waitOf },
        ...{ guard, appSenders, onRemoved, log },
      }),
      failures: failures.list,
      tracing: tracer,
      sendTest: createTestPush({ ...sending, randomUuid: randomUUID, randomBytes }),
      version,
    },
    metrics,
    log,
  });
  const ops = await opening('http.ops', config.http.ops, openingOps);
  const domains = config.xmpp.map(({ domain }) => domain);
  const openingPublic = createPublicListener({
    ...config.http.public,
    domains,
    unregister: registry.unregister,
    clock,
    log,
    metrics,
    more(app) {
      const { largestCiphertext } = handlers;
      const apiApps = config.apps.flatMap((one) => (one.api ? [{ ...one, token: one.api.token }] : []));
      addRegistrations(app, { apps: apiApps, registry, domains, largestCiphertext, version, clock, log, metrics });
      addPushAppserver(app, { apps: config.apps, registry, deliver: delivery.deliver, clock, log, metrics });
    },
  });
  const publicListener = await opening('http.public', config.http.public, openingPublic);
  /** Applies all of it or, if an app cannot be used, nothing. */
  function apply(changes: ConfigChanges, next: Config): void {
    const { added, changed, removed, limits, level } = changes;
    senders.replace({ apps: [...added, ...changed], removed });
    for (const { name } of added) announceGuarded(metrics, name);
    for (const app of removed) forgetApp(metrics, app);
    if (added.length + changed.length + removed.length > 0) {
      lookup.setApps(next.apps);
      for (const component of components) component.setApps(next.apps);
      orphans.setApps(new Set(appSenders.keys()));
      retryScheduler.refresh();
      warnOfClientNeeds({ apps: [...added, ...changed], log });
    }
    if (limits) rateLimits.change(next.limits);
    if (level) log.level = next.log.level;
  }
  let inUse = config;
  let isDraining = false;

  retryScheduler.start();
  orphans.start();
  for (const link of links) link.start();
  const stopRelay = lateAnswers && relayLateAnswers({ links, lateAnswers, clock, metrics });
  log.info({ url: publicListener.url }, 'open to clients');
  log.info({ url: ops.url, count: links.length }, 'serving');

  return {
    opsUrl: ops.url,
    publicUrl: publicListener.url,
    isBusy: () => delivery.counts.underway > 0,
    whenOnline: async () => void (await Promise.all(links.map((link) => link.whenOnline()))),
    async reload(read) {
      if (isDraining) return;
      inUse = reloadConfig({ config: inUse, read, apply, log });
      await Promise.all([...appSenders.values()].map(async ({ provider }) => provider.checkCredentials?.()));
      log.info({ count: appSenders.size }, 'credentials checked');
    },
    async drain() {
      delivery.queueOnly();
      isDraining = true;
      const startedAtMs = clock.monotonic();
      const before = delivery.counts;
      log.info({ count: before.underway }, 'ending: what arrived is answered');
      const leasesEnded = retryScheduler.drain();
      const relayEnded = stopRelay?.();
      let cancelHurry = clock.after(attemptsWithinMs, () => senders.hurry(lastAttemptsMs));
      await Promise.all(links.map((link) => link.drain(linksWithinMs)));
      cancelHurry();
      await publicListener.close();
      // What still hangs was answered by its link with an error, or stays in the outbox. What came while its stream was being
      // closed is still delivered, and noted; its answer is handed over.
      const delivered = delivery.drain().then(() => Promise.all([deviceNotes.drain(), senders.drain()]));
      const settled = Promise.all([delivered, relayEnded]).then(() => lateAnswers?.settle());
      const rest = [settled, leasesEnded, orphans.stop()];
      const impatience = Promise.withResolvers<void>();
      cancelHurry = clock.after(restWithinMs / 2, () => senders.hurry(0));
      const cancel = clock.after(restWithinMs, impatience.resolve);
      await Promise.race([Promise.all(rest), impatience.promise]);
      const { answered, underway } = delivery.counts;
      const backlogs = await Promise.race([outbox.stats(), impatience.promise.then(() => undefined)]);
      for (const stop of [cancel, cancelHurry]) stop();
      tracer.close();
      await store.close();
      await ops.close();
      const late = links.reduce((sum, link) => sum + link.lateAnswers, 0);
      const handedOver = lateAnswers?.handedOver ?? 0;
      const queued = [...(backlogs?.values() ?? [])].reduce((sum, { depth }) => sum + depth, 0);
      log.info(
        {
          answered: Math.max(0, answered - before.answered - late),
          ...(lateAnswers && { handedOver }),
          unanswered: underway + Math.max(0, late - handedOver),
          ...(backlogs && { queued }),
          durationMs: Math.round(clock.monotonic() - startedAtMs),
        },
        'ended; queued pushes are sent after the next start',
      );
    },
  };
}
