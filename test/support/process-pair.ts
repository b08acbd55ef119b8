/** Two processes on one PostgreSQL that share a domain of an XMPP server. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { defaults, type Providers, type Sealpost, startSealpost } from './sealpost.ts';

const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };

export interface PairOptions {
  readonly providers: Pick<Providers, 'apps' | 'folder'>;
  /** URL of the database. */
  readonly store: string;
  /** How both reach the XMPP server. */
  readonly link: { readonly port: number; readonly domain: string; readonly secret: string };
}

export interface ProcessPair {
  /** The processes as of their last start. */
  readonly running: readonly [Sealpost, Sealpost];
  /** Starts a process that has ended. */
  startAgain(index: 0 | 1): Promise<Sealpost>;
}

/** Starts both, without limits on rates; they stop after the test. */
export async function startProcessPair(t: TestContext, { providers, store, link }: PairOptions): Promise<ProcessPair> {
  const { port, domain, secret } = link;
  const config = {
    ...defaults(providers.folder),
    xmpp: [{ service: `xmpp://127.0.0.1:${port}`, domain, secret }],
    store,
    nodes: { key: randomBytes(32).toString('base64') },
    apps: providers.apps,
    limits: { publishesPerDomain: unlimited, pushesPerRegistration: unlimited },
  };
  const folders = [join(providers.folder, 'one'), join(providers.folder, 'two')] as const;
  for (const folder of folders) mkdirSync(folder);
  const running = await Promise.all([startSealpost(folders[0], config), startSealpost(folders[1], config)]);
  t.after(() => Promise.all(running.map((sealpost) => sealpost.stop())));
  return {
    running,
    startAgain: async (index) => (running[index] = await startSealpost(folders[index], config)),
  };
}

/** The last line of the log of a process that has ended. */
export function ending({ lines }: Sealpost): Readonly<Record<string, unknown>> {
  return JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
}
