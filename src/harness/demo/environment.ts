/** Everything that a demonstration needs, on loopback and in a temporary directory, with keys that nobody else has. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAcceptor } from '../server/acceptor.ts';
import { createApnsStandIn } from '../stand-ins/apns.ts';
import { createApnsKey, createServiceAccount } from '../stand-ins/certificates.ts';
import { type Client, createClient } from '../clients/client.ts';
import { type ClientModel, sealingAndroid, siskin } from '../clients/models.ts';
import type { StandIn } from '../stand-ins/contract.ts';
import type { Role } from './scenes.ts';
import { createFcmStandIn } from '../stand-ins/fcm.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import { ejabberd, type Flavour, reference } from '../server/server-flavours.ts';
import { type Account, createXmppServer } from '../server/xmpp-server.ts';
import type { Clock } from '../../time/clock.ts';

/** Starts a push app server from the parsed form of a `sealpost.yaml`; resolves when its links are up. */
export type StartServer = (config: object) => Promise<{
  readonly opsUrl: string;
  readonly publicUrl: string;
  stop(): Promise<void>;
}>;

/** One phone of somebody. */
export interface Phone {
  readonly provider: 'apns' | 'fcm';
  readonly client: Client;
  readonly standIn: StandIn;
  /** All tokens that pushes for it may go to. */
  readonly tokens: readonly string[];
  /** Its node, once it has registered. */
  readonly node: string;
}

export interface Stage {
  readonly opsUrl: string;
  readonly accounts: Readonly<Record<Role, { readonly account: Account; readonly phones: readonly Phone[] }>>;
  close(): Promise<void>;
}

const component = 'push.example.com';
const topic = 'org.example.messenger';
const [keyId, teamId] = ['DEMO123456', 'TEAM123456'];
/** What starting may take: a few key pairs, a handshake. */
const connectWithinMs = 20_000;

export async function setStage(parts: {
  readonly startServer: StartServer;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}): Promise<Stage> {
  const { startServer, clock, randomBytes } = parts;
  // What was started is closed in the opposite order, also when the rest could not be started.
  await using started = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'sealpost-demo-'));
  started.defer(() => rm(directory, { recursive: true, force: true }));
  const secret = hex(randomBytes(16));
  const acceptor = await createAcceptor({ components: new Map([[component, secret]]), clock, randomBytes });
  started.defer(() => acceptor.close());

  const apnsKey = await createApnsKey();
  const serviceAccount = await createServiceAccount('sealpost-demo');
  const keys = [{ keyId, teamId, publicKey: apnsKey.publicKey }];
  const apns = await createApnsStandIn({ topics: [topic], keys, clock, oneStreamUntilToken: true });
  started.defer(() => apns.close());
  const fcm = await createFcmStandIn({ account: serviceAccount, clock });
  started.defer(() => fcm.close());

  const save = async (name: string, text: string) => {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const server = await startServer({
    xmpp: [{ service: acceptor.service, domain: component, secret }],
    http: { ops: { host: '127.0.0.1', port: 0 }, public: { host: '127.0.0.1', port: 0 } },
    store: `sqlite:${join(directory, 'sealpost.db')}`,
    apps: {
      iphone: {
        provider: 'apns',
        ids: [siskin.providerId],
        topic,
        key: { file: await save('key.p8', apnsKey.privateKey), id: keyId, team: teamId },
        environment: 'production',
        endpoint: apns.origin,
        ca: await save('apns-ca.pem', apns.ca),
      },
      android: {
        provider: 'fcm',
        ids: [sealingAndroid.providerId],
        serviceAccount: { file: await save('service-account.json', serviceAccount.json) },
        endpoint: fcm.origin,
        tokenEndpoint: fcm.tokenOrigin,
        ca: await save('fcm-ca.pem', fcm.ca),
      },
    },
  });
  started.defer(() => server.stop());
  await acceptor.whenConnected(component, connectWithinMs);

  const host = (domain: string, flavour: Flavour) =>
    createXmppServer({ acceptor, domain, flavour, clock, randomBytes });
  const sealing = host('montague.example', reference);
  const open = host('verona.example', ejabberd);

  const iphone = (account: Account, withPushKit: boolean) => {
    const token = hex(randomBytes(32));
    const secondToken = hex(randomBytes(32));
    const tokens = { token: token.toUpperCase(), ...(withPushKit ? { secondToken } : {}) };
    return settle(account, siskin, tokens, apns, 'iphone');
  };
  const android = (account: Account) =>
    settle(account, sealingAndroid, { token: `demo:${hex(randomBytes(40))}` }, fcm, 'android');

  /** Takes a phone through what every client does before the first push: register, enable. */
  async function settle(
    account: Account,
    model: ClientModel,
    tokens: { token: string; secondToken?: string },
    standIn: StandIn,
    resource: string,
  ): Promise<Phone> {
    const client = createClient({ model, account, component, tokens, randomBytes, resource });
    if (!(await client.discover())) throw new Error(`${component} is no push service for ${model.providerId}`);
    const reading = await client.register();
    if (reading.kind !== 'registered') throw new Error(`registering failed: ${JSON.stringify(reading)}`);
    const answer = client.enable();
    if (answer.kind !== 'result') throw new Error(`enabling push failed: ${answer.condition}`);
    const provider = standIn === fcm ? 'fcm' : 'apns';
    return { provider, client, standIn, tokens: Object.values(tokens), node: reading.node };
  }

  const romeo = sealing.account('romeo');
  const benvolio = sealing.account('benvolio');
  const mercutio = open.account('mercutio');
  const accounts = {
    romeo: { account: romeo, phones: [await iphone(romeo, true), await android(romeo)] },
    benvolio: { account: benvolio, phones: [await iphone(benvolio, false)] },
    mercutio: { account: mercutio, phones: [await iphone(mercutio, true), await android(mercutio)] },
  };
  const running = started.move();
  return { opsUrl: server.opsUrl, accounts, close: () => running.disposeAsync() };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
