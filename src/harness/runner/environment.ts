/** The world that scenarios share: an XMPP server of every kind, both providers, and the push app server under test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Acceptor, createAcceptor } from '../server/acceptor.ts';
import { createApnsStandIn } from '../stand-ins/apns.ts';
import type { StandIn } from '../stand-ins/contract.ts';
import type { StartServer } from '../demo/environment.ts';
import { createFcmStandIn } from '../stand-ins/fcm.ts';
import { openKeyFolder } from '../stand-ins/key-folder.ts';
import { type AppName, type AppProfile, appProfiles, ownPublishesMax } from '../scenarios/apps.ts';
import type { PhoneName } from '../scenarios/phones.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import { type Flavour, flavours } from '../server/server-flavours.ts';
import { createXmppServer, type XmppServer } from '../server/xmpp-server.ts';
import type { Clock } from '../../time/clock.ts';

export interface ProviderStage {
  readonly apns: StandIn;
  readonly fcm: StandIn & { readonly tokenOrigin: string };
  readonly topic: string;
  readonly keyId: string;
  readonly teamId: string;
  /** Files that a push app server needs: keys and authorities. */
  readonly files: Readonly<Record<'apnsKey' | 'apnsCa' | 'serviceAccount' | 'fcmCa', string>>;
  close(): Promise<void>;
}

export interface ScenarioStage {
  readonly acceptor: Acceptor;
  readonly providers: ProviderStage;
  /** Domain of the component under test. */
  readonly component: string;
  readonly hosts: ReadonlyMap<Flavour['name'], XmppServer>;
  /** Origin of the listener that clients unregister at; absent: unknown. */
  readonly publicUrl?: string;
  /** Provider id or push module of an app. */
  readonly idOf: (app: AppName) => string;
  /** Provider id or push module that a kind of phone registers with, where the component is not ours. */
  readonly registersAs?: (phone: PhoneName) => string | undefined;
  /** Whether the server under test has all the apps of `apps.ts`, as ours is started with. */
  readonly hasApps: boolean;
  /** Milliseconds in which everything that was answered with `result` must arrive; default 30,000. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  close(): Promise<void>;
}

export interface StageParts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

export interface ProviderChoices {
  /** Default: any free ones. */
  readonly apnsPort?: number;
  readonly fcmPort?: number;
  /** Where the keys are kept; default: a new folder, which goes when the providers do. */
  readonly keys?: string;
}

/** Both providers with their credentials in a folder. */
export async function setProviders(
  { clock }: Pick<StageParts, 'clock'>,
  { apnsPort, fcmPort, keys }: ProviderChoices = {},
): Promise<ProviderStage> {
  await using started = new AsyncDisposableStack();
  const folder = keys ?? (await mkdtemp(join(tmpdir(), 'sealpost-harness-')));
  if (keys === undefined) started.defer(() => rm(folder, { recursive: true, force: true }));
  const [topic, keyId, teamId] = ['org.example.messenger', 'HARNESS123', 'TEAM123456'];
  const { authority, apnsPublicKey, account, files } = await openKeyFolder(folder);
  const apns = await createApnsStandIn({
    topics: [topic],
    keys: [{ keyId, teamId, publicKey: apnsPublicKey }],
    authority,
    clock,
    oneStreamUntilToken: true,
    ...(apnsPort !== undefined && { port: apnsPort }),
  });
  started.defer(() => apns.close());
  const fcm = await createFcmStandIn({
    account,
    authority,
    clock,
    ...(fcmPort !== undefined && { port: fcmPort }),
  });
  started.defer(() => fcm.close());
  const running = started.move();
  return { apns, fcm, topic, keyId, teamId, files, close: () => running.disposeAsync() };
}

/** What of the config scenarios lean on: their apps, a limit within reach, and a node key that knows of older nodes. */
export function describeOperator(providers: ProviderStage, randomBytes: RandomBytes): object {
  const key = `${Buffer.from(randomBytes(nodeKeyBytes)).toString('base64')} random-nodes`;
  return { apps: describeApps(providers), nodes: { key }, limits: { publishesPerAccount } };
}

/** `nodes.key` of a `sealpost.yaml`. */
const nodeKeyBytes = 32;
/** What an account may publish by itself, in scenarios. */
const publishesPerAccount = { burst: ownPublishesMax, perMinute: 1 };

/** The `apps:` of a `sealpost.yaml` that lead to these providers. */
function describeApps(providers: ProviderStage): Record<string, object> {
  const { apns, fcm, topic, keyId, teamId, files } = providers;
  const describe = (name: string, { provider, settings }: AppProfile): object => {
    const ids = idsOf(name as AppName);
    if (provider === 'fcm') {
      const endpoints = { endpoint: fcm.origin, tokenEndpoint: fcm.tokenOrigin, ca: files.fcmCa };
      return { provider, ids, serviceAccount: { file: files.serviceAccount }, ...endpoints, ...settings };
    }
    const key = { file: files.apnsKey, id: keyId, team: teamId };
    return { provider, ids, topic, key, endpoint: apns.origin, ca: files.apnsCa, ...settings };
  };
  return Object.fromEntries(Object.entries(appProfiles).map(([name, profile]) => [name, describe(name, profile)]));
}

function idsOf(name: AppName): readonly string[] {
  const profile: AppProfile = appProfiles[name];
  return profile.ids ?? [`harness:${name}`];
}

/** ejabberd and MongooseIM have forgotten an IQ by then. */
const answerWithinMs = 32_000;
/** What starting may take: a few key pairs, a handshake. */
const connectWithinMs = 20_000;

/** Sets the stage around a push app server that is started here. */
export async function setScenarioStage(
  parts: StageParts & { readonly startServer: StartServer },
): Promise<ScenarioStage> {
  const { startServer, clock, randomBytes } = parts;
  await using started = new AsyncDisposableStack();
  const component = 'push.example.com';
  const secret = Buffer.from(randomBytes(16)).toString('hex');
  const acceptor = await createAcceptor({ components: new Map([[component, secret]]), clock, randomBytes });
  started.defer(() => acceptor.close());
  const providers = await setProviders({ clock });
  started.defer(() => providers.close());
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-harness-store-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startServer({
    xmpp: [{ service: acceptor.service, domain: component, secret }],
    http: { ops: { host: '127.0.0.1', port: 0 }, public: { host: '127.0.0.1', port: 0 } },
    store: `sqlite:${join(folder, 'sealpost.db')}`,
    ...describeOperator(providers, randomBytes),
  });
  started.defer(() => server.stop());
  await acceptor.whenConnected(component, connectWithinMs);
  const running = started.move();
  return {
    ...assembleStage({ acceptor, providers, component, clock, randomBytes }),
    publicUrl: server.publicUrl,
    hasApps: true,
    close: () => running.disposeAsync(),
  };
}

/** The stage around a component that connects by itself; whoever made its parts closes them. */
export function assembleStage(
  parts: StageParts & { readonly acceptor: Acceptor; readonly providers: ProviderStage; readonly component: string },
): ScenarioStage {
  const { acceptor, clock, randomBytes } = parts;
  const hosts = new Map(
    flavours.map((flavour) => {
      // No server that is played here is waited for longer than the least patient one waits.
      const patient = { ...flavour, answerWithinMs: Math.min(flavour.answerWithinMs, answerWithinMs) };
      const domain = `${flavour.name.replaceAll('.', '-')}.example`;
      return [flavour.name, createXmppServer({ acceptor, domain, flavour: patient, clock, randomBytes })] as const;
    }),
  );
  return { ...parts, hosts, idOf: (app) => idsOf(app)[0] ?? app, hasApps: false, close: () => Promise.resolve() };
}
