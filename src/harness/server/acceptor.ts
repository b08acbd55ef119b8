/**
 * The server's side of XEP-0114 (Jabber Component Protocol): listens on loopback and lets components in as Prosody,
 * ejabberd or Tigase would, stricter where those differ.
 */
import type { OutgoingIq } from './outgoing-iq.ts';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Element } from 'ltx';
import { acceptComponent, type ComponentConnection } from './acceptor-connection.ts';
import { createPatience } from './patience.ts';
import { createPendingAnswers } from './pending-answers.ts';
import type { RandomBytes } from '../sealing/sealing.ts';
import { attribute, type IqAnswer } from './stanza.ts';
import type { Clock } from '../../time/clock.ts';

/** What a second connection for the same domain meets. */
export type ConflictRule =
  /** Prosody by default: the new one is refused after its handshake. */
  | 'refuse-new'
  /** Prosody with `kick_old`. */
  | 'replace-old'
  /**
   * ejabberd: both serve, each stanza takes one of them at random, and any of them may carry the answer: what was asked over a
   * connection that ended is waited for as long as anything else.
   */
  | 'accept';

export interface AcceptorOptions {
  /** Component domains and their secrets. */
  readonly components: ReadonlyMap<string, string>;
  readonly clock: Clock;
  /** For stream ids and the ids of IQs. */
  readonly randomBytes: RandomBytes;
  readonly onConflict?: ConflictRule;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1: a secret goes over the wire, and nothing else protects it. */
  readonly host?: string;
  /** PEM; then components connect with TLS from the first byte. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Milliseconds that a component may take for its header and handshake. Default 10,000. */
  readonly handshakeDeadlineMs?: number;
}

export interface Acceptor {
  readonly port: number;
  /** `xmpp://127.0.0.1:PORT`, or `xmpps://…`. */
  readonly service: string;
  /** Open connections past their handshake. */
  readonly connections: readonly ComponentConnection[];
  /** The latest stanzas from components that answered none of our IQs, oldest first; at most `receivedLimit`. */
  readonly received: readonly Element[];
  /** Sees each of those as it comes; the returned function ends that. */
  onStanza(listener: (stanza: Element, connection: ComponentConnection) => void): () => void;
  /** A connection of the domain, waiting for one at most `timeoutMs`; rejects afterwards. */
  whenConnected(domain: string, timeoutMs: number): Promise<ComponentConnection>;
  /**
   * Sends an IQ to a component and waits for its answer at most `timeoutMs`; never rejects. The answer may come over
   * another connection of the domain, as with ejabberd.
   */
  request(stanza: OutgoingIq, timeoutMs: number): Promise<IqAnswer>;
  /** Sees every answer before anybody else and may claim it with `true`; the returned function ends that. */
  onAnswer(tap: (stanza: Element) => boolean): () => void;
  /** Answers that belonged to no request of ours, or to one that was answered already: at most `receivedLimit`. */
  readonly strayAnswers: readonly Element[];
  /** Those of them whose id no request had. */
  readonly unaskedAnswers: readonly Element[];
  close(): Promise<void>;
}

/** How many stanzas are remembered. */
export const receivedLimit = 1000;

/** Listens; resolves when connections can come. */
export async function createAcceptor(options: AcceptorOptions): Promise<Acceptor> {
  const { clock, components, randomBytes } = options;
  const sockets = new Set<Socket>();
  const connections: ComponentConnection[] = [];
  const received: Element[] = [];
  const strayAnswers: Element[] = [];
  const unaskedAnswers: Element[] = [];
  const patience = createPatience();
  const listeners = new Set<(stanza: Element, connection: ComponentConnection) => void>();
  const arrivals = new Set<(connection: ComponentConnection) => void>();
  const pending = createPendingAnswers<ComponentConnection>(clock);
  const taps = new Set<(stanza: Element) => boolean>();

  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    acceptComponent({
      socket,
      clock,
      randomBytes,
      secretOf: (domain) => components.get(domain),
      handshakeDeadlineMs: options.handshakeDeadlineMs ?? 10_000,
      admit,
      onStanza: take,
      onEnd: (connection) => void connections.splice(connections.indexOf(connection), 1),
      onClose: (connection) => pending.abandon(connection, options.onConflict === 'accept'),
    });
  };
  const server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  function admit(connection: ComponentConnection): boolean {
    const others = connections.filter((other) => other.domain === connection.domain);
    if (others.length > 0 && options.onConflict !== 'accept') {
      if (options.onConflict !== 'replace-old') return false;
      for (const other of others) other.fail('conflict', 'Replaced by a new connection');
    }
    connections.push(connection);
    // After the caller has answered the handshake.
    queueMicrotask(() => {
      for (const arrive of arrivals) arrive(connection);
    });
    return true;
  }

  function take(stanza: Element, connection: ComponentConnection): void {
    const type = attribute(stanza, 'type');
    if (stanza.getName() === 'iq' && (type === 'result' || type === 'error')) {
      for (const tap of taps) if (tap(stanza)) return;
      if (pending.settle(stanza)) return;
      remember(strayAnswers, stanza);
      if (!pending.wasAsked(attribute(stanza, 'id') ?? '')) remember(unaskedAnswers, stanza);
      return;
    }
    remember(received, stanza);
    for (const listener of listeners) listener(stanza, connection);
  }

  return {
    port,
    service: `${options.tls ? 'xmpps' : 'xmpp'}://127.0.0.1:${port}`,
    connections,
    received,
    strayAnswers,
    unaskedAnswers,
    onStanza(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    whenConnected(domain, timeoutMs) {
      const present = connections.find((connection) => connection.domain === domain);
      if (present) return Promise.resolve(present);
      return new Promise((resolve, reject) => {
        const arrive = (connection: ComponentConnection) => {
          if (connection.domain !== domain) return;
          stop();
          resolve(connection);
        };
        const cancel = clock.after(timeoutMs, () => {
          stop();
          reject(new Error(`no component connected for ${domain} within ${timeoutMs} ms`));
        });
        const stop = () => {
          cancel();
          arrivals.delete(arrive);
        };
        arrivals.add(arrive);
      });
    },
    async request(stanza, timeoutMs) {
      const candidates = connections.filter((connection) => connection.domain === stanza.to);
      const chosen = candidates[(randomBytes(1)[0] ?? 0) % candidates.length];
      if (!chosen) return { kind: 'disconnected' };
      const pendingAnswer = pending.expect(stanza, chosen, patience.limit(stanza, timeoutMs));
      chosen.send(stanza.xml);
      const answer = await pendingAnswer;
      patience.note(stanza, answer);
      return answer;
    },
    onAnswer(tap) {
      taps.add(tap);
      return () => taps.delete(tap);
    },
    async close() {
      for (const connection of connections) connection.end();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function remember(list: Element[], stanza: Element): void {
  list.push(stanza);
  if (list.length > receivedLimit) list.shift();
}
