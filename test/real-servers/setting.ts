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
}

/**
 * Starts everything before the tests of a `describe` and ends it after them.
 * @param config parts of the config in place of the usual ones
 */
export function setUp(start: () => Promise<RealServer>, config: (apps: Apps) => object = () => ({})): Setting {
  const setting = {} as Setting;
  before(async () => {
    setting.providers = await startProviders();
    setting.server = await start();
    const { componentPort, component, secret } = setting.server;
    setting.sealpost = await startSealpost(setting.providers.folder, {
      xmpp: [{ service: `xmpp://127.0.0.1:${componentPort}`, domain: component, secret }],
      ...defaults(setting.providers.folder),
      apps: setting.providers.apps,
      ...config(setting.providers.apps),
    });
    await eventually('the link is up', async () => {
      const text = await (await fetch(`${setting.sealpost.opsUrl}/metrics`)).text();
      return text.includes('sealpost_link_up{link="push.localhost"} 1') || undefined;
    });
  });
  after(async () => {
    await setting.sealpost?.stop();
    await setting.server?.stop();
    await setting.providers?.stop();
  });
  return setting;
}
