import { after, before } from 'node:test';
import { eventually } from '../support/process.ts';
import {
  type Apps,
  defaults,
  type Providers,
  type Sealpost,
  startProviders,
  startSealpost,
} from '../support/sealpost.ts';
import type { RealServer } from './server.ts';

/** A real server, Sealpost as its component, and both providers on loopback. */
export interface Setting {
  server: RealServer;
  providers: Providers;
  sealpost: Sealpost;
  /** Ends Sealpost, runs `meanwhile` and starts it with these parts of the config; resolves once its link is up. */
  restart(over?: object, meanwhile?: () => Promise<void>): Promise<void>;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
}

/**
 * Starts everything before the tests of a `describe` and ends it after them.
 * @param config parts of the config that replace the usual ones
 * @param world topics and device tokens that the APNs stand-in knows, instead of the usual
 */
export function setUp(
  start: () => Promise<RealServer>,
  config: (apps: Apps) => object = () => ({}),
  world?: Parameters<typeof startProviders>[0],
): Setting {
  let isOver = false;
  let starting = Promise.resolve();
  const setting = {
    restart: (over, meanwhile) => (starting = startSealpostAgain(over, meanwhile)),
    metrics: async () => (await fetch(`${setting.sealpost.opsUrl}/metrics`)).text(),
  } as Setting;

  async function startAll(): Promise<void> {
    setting.providers = await startProviders(world);
    setting.server = await start();
    await setting.restart();
  }

  async function startSealpostAgain(over = {}, meanwhile = () => Promise.resolve()): Promise<void> {
    await setting.sealpost?.stop();
    await meanwhile();
    if (isOver) throw new Error('the tests are over');
    const { componentPort, component, secret } = setting.server;
    setting.sealpost = await startSealpost(setting.providers.folder, {
      xmpp: [{ service: `xmpp://127.0.0.1:${componentPort}`, domain: component, secret }],
      ...defaults(setting.providers.folder),
      apps: setting.providers.apps,
      ...config(setting.providers.apps),
      ...over,
    });
    await eventually('the link is up', async () => {
      return (await setting.metrics()).includes('sealpost_link_up{link="push.localhost"} 1') || undefined;
    });
  }

  before(() => (starting = startAll()));
  after(async () => {
    // A start that timed out still goes on; whatever it starts after this would never be ended.
    isOver = true;
    await starting.catch(() => {});
    await setting.sealpost?.stop();
    await setting.server?.stop();
    await setting.providers?.stop();
  });
  return setting;
}
