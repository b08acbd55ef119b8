/** Everything around the server that a measurement needs, each part in a process of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApnsKey, createServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import { startSealpost } from '../support/sealpost.ts';
import { buildServer } from './build.ts';
import { type Child, startChild } from './processes.ts';
import {
  componentSecret,
  domains,
  type GeneratorCalls,
  type ProviderName,
  providerIds,
  type StandInCalls,
  type Target,
} from './protocol.ts';
import { createStores, type Store, type Stores } from './stores.ts';
import { readUsage, resetPeak } from './usage.ts';
import type { Subject } from './measure.ts';

/** A provider's stand-in and where it listens. */
export interface Provider extends Target {
  readonly standIn: Child<StandInCalls>;
}

/** The server in its process; disposing it drains it. */
export interface MeasuredServer extends Subject, AsyncDisposable {
  readonly pid: number;
}

export interface ServerStart {
  readonly store: Store;
  /** The compiled program as it is published, in place of the sources; default: the sources. */
  readonly built?: boolean;
  /** Options for Node itself. */
  readonly nodeArguments?: readonly string[];
  /** Sections of the config that replace the usual ones. */
  readonly config?: object;
}

export interface World extends AsyncDisposable {
  readonly generator: Child<GeneratorCalls>;
  /** Port for components. */
  readonly service: string;
  readonly providers: Readonly<Record<ProviderName, Provider>>;
  readonly stores: Stores;
  /** Rejects pending calls. */
  readonly signal: AbortSignal;
  /** Makes an empty temporary folder. */
  createFolder(): Promise<string>;
  /** Starts the server; resolves once its link is up. */
  startServer(start: ServerStart): Promise<MeasuredServer>;
}

const topic = 'org.example.messenger';
const projectId = 'sealpost-bench';
const keyId = 'ABC1234567';
const teamId = 'TEAM123456';

export async function startWorld(signal: AbortSignal): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const root = await mkdtemp(join(tmpdir(), 'sealpost-bench-'));
  opened.defer(() => rm(root, { recursive: true }));
  const generator = opened.use(startChild<GeneratorCalls>({ file: 'generator.ts', signal }));
  const apns = opened.use(startChild<StandInCalls>({ file: 'stand-in.ts', signal }));
  const fcm = opened.use(startChild<StandInCalls>({ file: 'stand-in.ts', signal }));

  const key = await createApnsKey();
  const { json, ...account } = await createServiceAccount(projectId);
  const apnsAt = await apns.call('start', {
    provider: 'apns',
    topic,
    key: { keyId, teamId, publicKey: key.publicKey },
  });
  const fcmAt = await fcm.call('start', { provider: 'fcm', account });
  const { service } = await generator.call('listen', undefined);

  const file = async (name: string, text: string) => {
    await writeFile(join(root, name), text);
    return join(root, name);
  };
  const apps = {
    siskin: {
      provider: 'apns',
      ids: [providerIds.apns],
      topic,
      key: { file: await file(`AuthKey_${keyId}.p8`, key.privateKey), id: keyId, team: teamId },
      endpoint: apnsAt.origin,
      ca: await file('apns-ca.pem', apnsAt.ca),
    },
    android: {
      provider: 'fcm',
      ids: [providerIds.fcm],
      serviceAccount: { file: await file('service-account.json', json) },
      endpoint: fcmAt.origin,
      tokenEndpoint: fcmAt.origin,
      ca: await file('fcm-ca.pem', fcmAt.ca),
    },
  };
  let folders = 0;
  const createFolder = async () => {
    const folder = join(root, String((folders += 1)));
    await mkdir(folder);
    return folder;
  };
  const stores = opened.use(createStores(createFolder));
  const closing = opened.move();

  return {
    generator,
    service,
    providers: { apns: { standIn: apns, ...apnsAt }, fcm: { standIn: fcm, ...fcmAt } },
    stores,
    signal,
    createFolder,
    async startServer({ store, built = false, nodeArguments = [], config: extra = {} }) {
      signal.throwIfAborted();
      const config = {
        xmpp: [{ service, domain: domains.server, secret: componentSecret }],
        http: { ops: { port: 0 }, public: { port: 0 } },
        store: store.url,
        nodes: { key: store.nodeKey },
        apps,
        ...extra,
      };
      const mainFile = built ? await buildServer() : undefined;
      const sealpost = await startSealpost(store.folder, config, nodeArguments, [], mainFile);
      const pid = sealpost.process.pid ?? 0;
      try {
        await generator.call('connected', { domain: domains.server });
      } catch (error) {
        await sealpost.stop();
        throw error;
      }
      return {
        name: 'server',
        domain: domains.server,
        pid,
        usage: () => readUsage(pid),
        resetPeak: () => resetPeak(pid),
        get complaint() {
          return sealpost.lines.findLast((line) => /"level":[456]0/.test(line));
        },
        [Symbol.asyncDispose]: () => sealpost.stop(),
      };
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Makes sure that the store has this many devices of each provider; registers those that are missing. */
export async function registerDevices(
  world: World,
  store: Store,
  providers: readonly ProviderName[],
  devices: number,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  opened.use(await world.startServer({ store, config: { registrations: { newPerDay: 10_000_000 } } }));
  for (const provider of providers)
    await world.generator.call('register', { store: store.name, provider, devices: devices });
}
