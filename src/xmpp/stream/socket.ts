/** TCP or TLS connection to the XMPP server (XEP-0114). Writes are sent once per turn of the event loop. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorCode } from '../../telemetry/error-code.ts';

/** `unsecured`: connected over TCP, TLS handshake not finished. */
export type SocketStage = 'unconnected' | 'unsecured' | 'open';

/** Events of a socket. */
export interface SocketEvents {
  /** Connected; over TLS, authenticated too. */
  connected(): void;
  data(bytes: Uint8Array): void;
  /** Some unsent data was sent. */
  drained(): void;
  /** Called once, with the stage reached and the error's code; without code if the server closed the connection. */
  closed(stage: SocketStage, error: string | undefined): void;
}

/** A socket for text. */
export interface StreamSocket {
  write(text: string): void;
  pause(): void;
  resume(): void;
  /** Approximate number of bytes not yet passed to the kernel. */
  readonly unsentBytes: number;
  /** Bytes passed to the kernel so far. */
  readonly sentBytes: number;
  /** Sends what was written, then FIN. */
  end(): void;
  destroy(): void;
}

/** The port in every server's examples; XEP-0114 assigns none. */
const DEFAULT_PORT = 5347;

/** Covers a connection that is being ended, when no pings are sent. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Starts to connect.
 * @param service `xmpp://host:port`, or `xmpps://` for TLS from the first byte
 * @param ca PEM of the only certificate authorities to trust; absent: the well-known ones
 */
export function openSocket(service: string, ca: string | undefined, events: SocketEvents): StreamSocket {
  const url = new URL(service);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const secure = url.protocol === 'xmpps:';
  const socket: Socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) })
    : connectTcp({ host, port });
  let failure: string | undefined;
  let stage: SocketStage = 'unconnected';
  let outgoing = '';
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    if (outgoing === '' || socket.destroyed || socket.writableEnded) return;
    const text = outgoing;
    outgoing = '';
    // A write that the kernel takes at once causes no event.
    if (socket.write(text)) events.drained();
  }

  // Otherwise an answer could wait 40 ms for the acknowledgement of the last one (Nagle, delayed acknowledgement).
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.on('connect', () => {
    stage = 'unsecured';
  });
  socket.on(secure ? 'secureConnect' : 'connect', () => {
    stage = 'open';
    events.connected();
  });
  socket.on('data', (bytes: Buffer) => events.data(bytes));
  socket.on('drain', () => events.drained());
  socket.on('error', (error) => {
    failure = errorCode(error);
  });
  socket.on('close', () => events.closed(stage, failure));

  return {
    write(text) {
      outgoing += text;
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    get unsentBytes() {
      return outgoing.length + socket.writableLength;
    },
    get sentBytes() {
      return socket.bytesWritten - socket.writableLength;
    },
    end() {
      flush();
      socket.end();
    },
    destroy: () => void socket.destroy(),
  };
}
