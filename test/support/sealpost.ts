import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { systemClock } from '../../src/time/clock.ts';
import { type Acceptor, createAcceptor } from '../../src/harness/server/acceptor.ts';
import { type ApnsStandIn, type ApnsStandInOptions, createApnsStandIn } from '../../src/harness/stand-ins/apns.ts';
import { createApnsKey, createAuthority, createServiceAccount } from '../../src/harness/stand-ins/certificates.ts';
import { createFcmStandIn, type FcmStandIn } from '../../src/harness/stand-ins/fcm.ts';
import { type IqAnswer } from '../../src/harness/server/stanza.ts';
import { stopProcess } from './process.ts';

/** Over APNs and over FCM. */
export type Apps = Readonly<Record<'siskin' | 'android', object>>;

/** Both providers on loopback, and the `apps:` that lead to them, with credentials in files. */
export interface Providers {
  readonly apns: ApnsStandIn;
  readonly fcm: FcmStandIn;
  readonly apps: Apps;
  readonly folder: string;
  stop(): Promise<void>;
}

/** @param world topics and device tokens that the APNs stand-in knows, instead of the usual */
export async function startProviders(
  world: Partial<Pick<ApnsStandInOptions, 'topics' | 'topicOf'>> = {},
): Promise<Providers> {
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-test-'));
  const authority = await createAuthority();
  const key = await createApnsKey();
  const account = await createServiceAccount('sealpost-test');
  const [apns, fcm] = await Promise.all([
    createApnsStandIn({
      authority,
      topics: ['org.example.messenger'],
      ...world,
      keys: [{ keyId: 'ABC1234567', teamId: 'TEAM123456', publicKey: key.publicKey }],
    }),
    createFcmStandIn({ authority, account }),
  ]);
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const ca = await file('ca.pem', authority.certificate);
  const apps = {
    siskin: {
      provider: 'apns',
      ids: ['tigase:messenger:apns:1'],
      topic: 'org.example.messenger',
      key: { file: await file('AuthKey_ABC1234567.p8', key.privateKey), id: 'ABC1234567', team: 'TEAM123456' },
      endpoint: apns.origin,
      ca,
    },
    android: {
      provider: 'fcm',
      ids: ['fcm-xmpp-api'],
      serviceAccount: { file: await file('service-account.json', account.json) },
      endpoint: fcm.origin,
      tokenEndpoint: fcm.tokenOrigin,
      ca,
    },
  };
  return {
    apns,
    fcm,
    apps,
    folder,
    async stop() {
      await Promise.all([apns.close(), fcm.close()]);
      await rm(folder, { recursive: true });
    },
  };
}

/** The real server as a process of its own, as an operator starts it. */
export interface Sealpost {
  readonly process: ChildProcess;
  readonly opsUrl: string;
  readonly publicUrl: string;
  /** The lines that it logged so far. */
  readonly lines: readonly string[];
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const sourceFile = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** Milliseconds; far more than a start takes on a loaded machine. */
const startWithinMs = 60_000;

/**
 * Starts `serve` with a config file made of `config`; resolves once both listeners are open.
 * @param nodeArguments options for Node itself
 * @param prefix what the command line begins with, to run it elsewhere
 * @param mainFile the program; without it, that of the sources
 */
export async function startSealpost(
  folder: string,
  config: object,
  nodeArguments: readonly string[] = [],
  prefix: readonly string[] = [],
  mainFile: string = sourceFile,
): Promise<Sealpost> {
  const configFile = join(folder, 'sealpost.yaml');
  await writeFile(configFile, stringify(config));
  const serve = [process.execPath, ...nodeArguments, mainFile, 'serve', '--config', configFile];
  const [command = '', ...words] = [...prefix, ...serve];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines: string[] = [];
  const urls = new Map<string, string>();
  const timer = setTimeout(() => child.kill('SIGKILL'), startWithinMs);
  const stopTimer = () => clearTimeout(timer);
  ended.then(stopTimer, stopTimer);
  await new Promise<void>((resolve, reject) => {
    // Rejects if the process could not even be started.
    ended.then((code) => reject(new Error(`ended with ${code}:\n${lines.join('\n')}`)), reject);
    const read = (line: string) => {
      lines.push(line);
      if (!line.startsWith('{')) return;
      const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
      if (url) urls.set(msg, url);
      if (msg !== 'serving') return;
      stopTimer();
      resolve();
    };
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
  });
  return {
    process: child,
    opsUrl: urls.get('serving') ?? '',
    publicUrl: urls.get('open to clients') ?? '',
    lines,
    ended,
    stop: () => stopProcess(child),
  };
}

/** Free ports, and a store in the folder. */
export const defaults = (folder: string) => ({
  http: { ops: { port: 0 }, public: { port: 0 } },
  store: `sqlite:${join(folder, 'sealpost.db')}`,
});

/** Sealpost between the harness's XMPP server, with the component push.localhost, and both providers. */
export interface World extends Providers {
  readonly acceptor: Acceptor;
  readonly sealpost: Sealpost;
  /** What it was started with. */
  readonly config: object;
  /** Sends an IQ given as text, unchanged, and resolves with the answer. */
  ask(stanza: string): Promise<IqAnswer>;
  /** Registers a device as Siskin does and resolves with its node. */
  register(device: { account: string; provider: string; token: string; secondToken?: string }): Promise<string>;
}

/**
 * @param extra parts of the config that replace the usual ones; a function derives apps from the usual ones
 * @param nodeArguments options for the server's Node itself
 */
export async function startWorld(
  extra: object | ((apps: Apps) => object) = {},
  nodeArguments: readonly string[] = [],
): Promise<World> {
  const providers = await startProviders();
  const acceptor = await createAcceptor({
    components: new Map([['push.localhost', 's3cret']]),
    clock: systemClock,
    randomBytes,
  });
  const config = {
    xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(providers.folder),
    apps: providers.apps,
    ...(typeof extra === 'function' ? (extra as (apps: Apps) => object)(providers.apps) : extra),
  };
  const sealpost = await startSealpost(providers.folder, config, nodeArguments);
  await acceptor.whenConnected('push.localhost', 10_000);

  const ask = (stanza: string) => {
    const read = (name: string) => new RegExp(`\\s${name}='([^']*)'`).exec(stanza)?.[1] ?? '';
    return acceptor.request({ id: read('id'), from: read('from'), to: read('to'), xml: stanza }, 25_000);
  };
  let registrations = 0;
  return {
    ...providers,
    acceptor,
    sealpost,
    config,
    ask,
    async register({ account, provider, token, secondToken }) {
      const fields = { provider, 'device-token': token, ...(secondToken && { 'device-second-token': secondToken }) };
      const written = Object.entries(fields).map(
        ([name, value]) => `<field var='${name}' type='text-single'><value>${value}</value></field>`,
      );
      registrations += 1;
      const answer = await ask(
        `<iq type='set' id='register-${registrations}' from='${account}/phone' to='push.localhost'>` +
          `<command xmlns='http://jabber.org/protocol/commands' node='register-device'>` +
          `<x xmlns='jabber:x:data' type='submit'>${written.join('')}</x></command></iq>`,
      );
      if (answer.kind !== 'result') throw new Error(`registering was answered ${JSON.stringify(answer)}`);
      const fieldsOfAnswer = answer.stanza.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
      return fieldsOfAnswer.find((field) => field.attrs['var'] === 'node')?.getChildText('value') ?? '';
    },
    async stop() {
      await sealpost.stop();
      await acceptor.close();
      await providers.stop();
    },
  };
}
