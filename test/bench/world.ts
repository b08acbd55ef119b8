/** Everything around the server that a measurement needs, each part in a process of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApnsKey, createServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import { defaults, startSealpost } from '../support/sealpost.ts';
import { type Child, startChild } from './processes.ts';
import {
  componentSecret,
  domains,
  type GeneratorCalls,
  type ProviderName,
  providerIds,
  type PushRequest,
  type StandInCalls,
  type Usage,
} from './protocol.ts';
import { readUsage } from './usage.ts';

/** Origin of a provider's stand-in, and requests that it accepted from the server. */
export interface Target {
  readonly standIn: Child<StandInCalls>;
  readonly origin: string;
  readonly ca: string;
}

/** The server in its process; disposing it drains it. */
export interface MeasuredServer extends AsyncDisposable {
  usage(): Promise<Usage>;
  /** The last warning or error that it logged. */
  readonly complaint: string | undefined;
}

export interface World extends AsyncDisposable {
  readonly generator: Child<GeneratorCalls>;
  /** Port for components. */
  readonly service: string;
  readonly targets: Readonly<Record<ProviderName, Target>>;
  /** Temporary folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Starts the server with the store of its predecessors; resolves once its link is up. */
  startServer(nodeArguments?: readonly string[]): Promise<MeasuredServer>;
}

const topic = 'org.example.messenger';
const projectId = 'sealpost-bench';
const keyId = 'ABC1234567';
const teamId = 'TEAM123456';

export async function startWorld(signal: AbortSignal): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-bench-'));
  opened.defer(() => rm(folder, { recursive: true }));
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
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const config = {
    xmpp: [{ service, domain: domains.server, secret: componentSecret }],
    ...defaults(folder),
    apps: {
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
    },
  };
  const closing = opened.move();

  return {
    generator,
    service,
    targets: { apns: { standIn: apns, ...apnsAt }, fcm: { standIn: fcm, ...fcmAt } },
    folder,
    signal,
    async startServer(nodeArguments = []) {
      signal.throwIfAborted();
      const sealpost = await startSealpost(folder, config, nodeArguments);
      try {
        await generator.call('connected', { domain: domains.server });
      } catch (error) {
        await sealpost.stop();
        throw error;
      }
      return {
        usage: () => readUsage(sealpost.process.pid ?? 0),
        get complaint() {
          return sealpost.lines.findLast((line) => /"level":[456]0/.test(line));
        },
        [Symbol.asyncDispose]: () => sealpost.stop(),
      };
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

/** Enough that header compression finds no repetition. */
const recordedAtMost = 1000;

/**
 * Registers the devices and publishes once to each. Resolves with the requests that the stand-ins accepted, which the
 * floors send again.
 */
export async function recordRequests(
  world: World,
  devices: number,
): Promise<Readonly<Record<ProviderName, readonly PushRequest[]>>> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await world.startServer());
  const record = async (provider: ProviderName) => {
    await world.generator.call('register', { provider, devices });
    const load = { count: devices, window: 50 };
    const { answers } = await world.generator.call('blast', { domain: domains.server, provider, load });
    const count = Math.min(devices, recordedAtMost);
    const requests = await world.targets[provider].standIn.call('latest', { count });
    if (requests.length < count || answers['result'] !== devices)
      throw new Error(
        `${provider}: ${requests.length} of ${count} pushes came; answers: ${JSON.stringify(answers)};` +
          ` the server's log: ${server.complaint}`,
      );
    return requests;
  };
  return { apns: await record('apns'), fcm: await record('fcm') };
}
