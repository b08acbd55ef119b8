import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** An XMPP server's end of one component connection; it does nothing unless told to. */
export interface Peer {
  readonly socket: Socket;
  /** All text received so far. */
  readonly received: string;
  /** Resolves when the received text matches; rejects if the connection ends first. */
  until(pattern: RegExp): Promise<string>;
  send(data: string | Uint8Array): void;
  /** Sends header and acknowledgement, as an accepting server does. */
  accept(): Promise<void>;
  /** Resolves when the connection is closed, by FIN or RST. */
  readonly closed: Promise<void>;
}

export interface ScriptedServer {
  readonly port: number;
  readonly service: string;
  /** Number of connections so far. */
  readonly connections: number;
  /** The next connection that was not returned yet. */
  next(): Promise<Peer>;
  close(): Promise<void>;
}

export const streamHeader =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
  "xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='push.example.org'>";

export async function startScriptedServer(tls?: TlsOptions, port = 0): Promise<ScriptedServer> {
  const waiting: Peer[] = [];
  const asking: ((peer: Peer) => void)[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  function take(socket: Socket): void {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const peer = createPeer(socket);
    const ask = asking.shift();
    if (ask) ask(peer);
    else waiting.push(peer);
  }

  const server: Server = tls ? createTlsServer(tls, take) : createServer(take);
  server.listen(port, '127.0.0.1');
  await new Promise((resolve) => void server.once('listening', resolve));
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    service: `${tls ? 'xmpps' : 'xmpp'}://127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    next() {
      const peer = waiting.shift();
      return peer ? Promise.resolve(peer) : new Promise((resolve) => void asking.push(resolve));
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

function createPeer(socket: Socket): Peer {
  const watchers = new Set<() => void>();
  const pieces: string[] = [];
  let ended = false;
  socket.setEncoding('utf8');
  socket.setNoDelay(true);
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on('data', (text) => {
    pieces.push(String(text));
    wake();
  });
  socket.on('error', () => {});
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('close', () => {
    ended = true;
    wake();
    resolve();
  });

  const peer: Peer = {
    socket,
    closed,
    get received() {
      if (pieces.length > 1) pieces.splice(0, pieces.length, pieces.join(''));
      return pieces[0] ?? '';
    },
    until(pattern) {
      return new Promise((found, failed) => {
        const look = () => {
          if (pattern.test(peer.received)) found(peer.received);
          else if (ended)
            failed(new Error(`the connection ended before ${String(pattern)}: ${peer.received.slice(-500)}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      });
    },
    send: (data) => void socket.write(data),
    async accept() {
      await peer.until(/<stream:stream [^>]*>/);
      peer.send(streamHeader);
      await peer.until(/<handshake>[0-9a-f]{40}<\/handshake>/);
      peer.send('<handshake/>');
    },
  };
  return peer;
}
