import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Random } from './clock.ts';
import type { Config } from './config/config.ts';
import { createDelivery } from './delivery.ts';
import { assembleHealth } from './health.ts';
import { createOpsListener } from './http/ops.ts';
import { createPublicListener } from './http/public.ts';
import { createApns } from './providers/apns/client.ts';
import { createFcm } from './providers/fcm/client.ts';
import type { ApnsApp, FcmApp, Provider } from './push.ts';
import { openRegistry } from './registry/open.ts';
import type { Log, Metrics } from './telemetry.ts';
import { createComponent } from './xmpp/component.ts';
import { createLink } from './xmpp/link.ts';

/** Drain ends well before an init system or a container runtime loses patience (commonly 10 s). */
const drainWithinMs = 8_000;

export interface ServerOptions {
  readonly config: Config;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A running Sealpost. */
export interface Server {
  /** Origins of the two HTTP listeners. */
  readonly opsUrl: string;
  readonly publicUrl: string;
  /** Resolves when every component link is up. */
  whenOnline(): Promise<void>;
  /**
   * Answers everything that arrived, then closes in the order in which things depend on each other; within 10 s.
   */
  drain(): Promise<void>;
}

/**
 * Builds the parts from the config and starts them: store, providers, HTTP, links. The links come last, so that nothing
 * arrives before it can be handled.
 * @throws when the store cannot be opened or an HTTP port cannot be had; links are retried instead
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, version, clock, random, log, metrics } = options;
  const registry = await openRegistry({ store: config.store, clock, randomBytes, log, metrics });

  const apps = new Map(
    config.apps.map((app) => [app.name, { app, provider: createProvider(app, { clock, random, log, metrics }) }]),
  );
  const delivery = createDelivery({ registry, apps, clock, randomUuid: randomUUID, log, metrics });

  const handlers = {
    deliver: delivery.deliver,
    register: registry.register,
    unregister: registry.unregister,
    largestCiphertext: (app: string, account: string) => apps.get(app)?.provider.largestCiphertext(account) ?? 0,
  };
  const links = config.xmpp.map(({ service, domain, secret, ca }) => {
    const handle = createComponent({ domain, apps: config.apps, handlers, version, clock, log, metrics });
    return createLink({
      service: service.url,
      domain,
      secret,
      ...(ca !== undefined && { ca }),
      handle,
      clock,
      random,
      log,
      metrics,
    });
  });

  const health = () => assembleHealth({ links, registry, apps: delivery.states() });
  const ops = await createOpsListener({ ...config.http.ops, health, metrics, log });
  const domains = config.xmpp.map(({ domain }) => domain);
  const publicListener = await createPublicListener({
    ...config.http.public,
    domains,
    unregister: registry.unregister,
    clock,
    log,
    metrics,
  });
  for (const link of links) link.start();
  log.info({ url: publicListener.url }, 'open to clients');
  log.info({ url: ops.url, count: links.length }, 'serving');

  return {
    opsUrl: ops.url,
    publicUrl: publicListener.url,
    whenOnline: async () => void (await Promise.all(links.map((link) => link.whenOnline()))),
    async drain() {
      await Promise.all(links.map((link) => link.drain(drainWithinMs)));
      await publicListener.close();
      await delivery.drain();
      await Promise.all([...apps.values()].map(({ provider }) => provider.drain()));
      await ops.close();
      await registry.close();
    },
  };
}

function createProvider(app: ApnsApp | FcmApp, parts: Omit<ServerOptions, 'config' | 'version'>): Provider {
  switch (app.provider) {
    case 'apns':
      return createApns({ app, ...parts });
    case 'fcm':
      return createFcm({ app, ...parts });
  }
}
