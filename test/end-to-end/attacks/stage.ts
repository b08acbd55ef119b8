import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readUsage } from '../../bench/usage.ts';
import { eventually } from '../../support/process.ts';
import { defaults, type Providers, type Sealpost, startProviders, startSealpost } from '../../support/sealpost.ts';
import { type Peer, type ScriptedServer, startScriptedServer } from '../../xmpp/link/scripted-server.ts';

export const domain = 'push.example.org';

/** One accepted connection with its publishes and their answers on it. */
export interface Connection {
  readonly peer: Peer;
  /** How often each publish was answered, with result or error. */
  readonly answers: ReadonlyMap<string, number>;
  /** Number of publishes written, or returned by `publishes` to be written. */
  readonly sent: ReadonlySet<string>;
  /** This many publishes as text, to the usual devices in turn. */
  publishes(count: number): string;
  /** Writes this many publishes at once; resolves when each is answered. */
  exchange(count: number): Promise<void>;
  /** Stops this server from sending; until then it sends data twice a second. */
  fallSilent(): void;
  /** Resolves when everything sent is answered. */
  whenAnswered(timeoutMs?: number): Promise<void>;
}

/** The server as an operator starts it, between a hostile XMPP server and both providers. */
export interface Stage {
  readonly providers: Providers;
  readonly server: ScriptedServer;
  readonly sealpost: Sealpost;
  readonly connection: Connection;
  /** Number of connections so far. */
  readonly connections: readonly Connection[];
  /** Accepts the next connection and makes it the stage's. */
  accept(): Promise<Connection>;
  vitals(): Promise<Vitals>;
  /** Collects all garbage and resolves with the bytes that are then resident, the least within some seconds. */
  restingBytes(belowBytes: number): Promise<number>;
  /** Resets the peak. */
  forgetPeak(): Promise<void>;
  /** Value of a metric of the link. */
  metric(pattern: RegExp): Promise<number>;
  stop(): Promise<void>;
}

export interface Vitals {
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
}

export interface StageOptions {
  /** Waits that replace the usual ones. */
  readonly timing: Readonly<Record<string, string>>;
  /** Further links. */
  readonly links?: readonly object[];
  readonly devices: number;
  /** `limits:` of the config. */
  readonly limits?: object;
}

const collector = join(import.meta.dirname, 'collect-on-signal.ts');

export async function startStage({ timing, links = [], devices, limits = {} }: StageOptions): Promise<Stage> {
  const [providers, server] = await Promise.all([startProviders(), startScriptedServer()]);
  const sealpost = await startSealpost(
    providers.folder,
    {
      xmpp: [{ service: server.service, domain, secret: 's3cret', timing }, ...links],
      ...defaults(providers.folder),
      apps: providers.apps,
      limits,
      // Tells each pause of a link; at the default level it is said once a minute.
      log: { level: 'debug' },
    },
    ['--expose-gc', '--import', collector],
  );
  const pid = sealpost.process.pid ?? 0;
  const connections: Connection[] = [];
  const nodes: string[] = [];

  async function accept(): Promise<Connection> {
    const peer = await server.next();
    await peer.accept();
    const connection = createConnection(peer, nodes, connections.length);
    connections.push(connection);
    return connection;
  }

  const { peer } = await accept();
  for (let i = 0; i < devices; i += 1) nodes.push(await register(peer, i));

  return {
    providers,
    server,
    sealpost,
    connections,
    accept,
    get connection() {
      const last = connections.at(-1);
      assert.ok(last);
      return last;
    },
    async vitals() {
      const { cpuMicros, peakRssBytes } = await readUsage(pid);
      return { cpuMs: cpuMicros / 1_000, peakBytes: peakRssBytes, residentBytes: await residentBytes(pid) };
    },
    async restingBytes(belowBytes) {
      let bytes = 0;
      for (let attempt = 0; attempt < 40; attempt += 1) {
        sealpost.process.kill('SIGUSR2');
        await pause(attempt === 0 ? 100 : 300);
        bytes = await residentBytes(pid);
        if (bytes < belowBytes) break;
      }
      return bytes;
    },
    // See proc(5), clear_refs.
    forgetPeak: () => writeFile(`/proc/${pid}/clear_refs`, '5'),
    async metric(pattern) {
      const text = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
      return Number(pattern.exec(text)?.[1]);
    },
    async stop() {
      await sealpost.stop();
      await server.close();
      await providers.stop();
    },
  };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

export function publishStanza(id: string, node: string): string {
  return (
    `<iq type='set' id='${id}' from='example.org' to='${domain}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}

function createConnection(peer: Peer, nodes: readonly string[], number: number): Connection {
  const answers = new Map<string, number>();
  const sent = new Set<string>();
  let rest = '';
  peer.socket.on('data', (text) => {
    const received = rest + String(text);
    let end = 0;
    for (const match of received.matchAll(/<iq type='(?:result|error)' id='(c\d+-\d+)'/g)) {
      const id = match[1] ?? '';
      answers.set(id, (answers.get(id) ?? 0) + 1);
      end = match.index + match[0].length;
    }
    rest = received.slice(Math.max(end, received.length - 4_096));
  });

  const alive = setInterval(() => void (peer.socket.writable && peer.send(' ')), 500);
  void peer.closed.then(() => clearInterval(alive));

  function publishes(count: number): string {
    let xml = '';
    for (let i = 0; i < count; i += 1) {
      const id = `c${number}-${sent.size}`;
      xml += publishStanza(id, nodes[sent.size % nodes.length] ?? '');
      sent.add(id);
    }
    return xml;
  }

  const connection: Connection = {
    peer,
    answers,
    sent,
    publishes,
    fallSilent: () => clearInterval(alive),
    async exchange(count) {
      peer.send(publishes(count));
      await connection.whenAnswered();
    },
    async whenAnswered(timeoutMs = 20_000) {
      await eventually('every publish is answered', () => answers.size >= sent.size || undefined, timeoutMs);
    },
  };
  return connection;
}

async function register(peer: Peer, number: number): Promise<string> {
  const id = `register-${number}`;
  peer.send(
    `<iq type='set' id='${id}' from='user-${number}@example.org/phone' to='${domain}'>` +
      `<command xmlns='http://jabber.org/protocol/commands' node='register-device'><x xmlns='jabber:x:data' type='submit'>` +
      `<field var='provider'><value>tigase:messenger:apns:1</value></field>` +
      `<field var='device-token'><value>${number.toString(16).padStart(64, '0')}</value></field></x></command></iq>`,
  );
  const pattern = new RegExp(`id='${id}'.*?<field[^>]*var='node'[^>]*><value>([^<]+)</value>`);
  return pattern.exec(await peer.until(pattern))?.[1] ?? '';
}
