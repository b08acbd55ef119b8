/** TCP or TLS to the XMPP server, with writes gathered into one per turn of the event loop. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { errorCode } from '../../telemetry/log.ts';

/** `unsecured`: TCP is there, TLS is not. */
export type SocketStage = 'unconnected' | 'unsecured' | 'open';

export interface SocketEvents {
  /** Connected, and over TLS authenticated. */
  connected(): void;
  data(bytes: Uint8Array): void;
  /** There is less unsent than there was. */
  drained(): void;
  /**
   * Once, at the end: how far it had come, and a word (code of a system or TLS error), absent when the server just
   * closed.
   */
  closed(stage: SocketStage, error: string | undefined): void;
}

export interface StreamSocket {
  write(text: string): void;
  pause(): void;
  resume(): void;
  /** Bytes, about, that are neither with the server nor with our kernel. */
  readonly unsentBytes: number;
  /** Bytes that our kernel has taken so far. */
  readonly sentBytes: number;
  /** Sends what was written, then FIN. */
  end(): void;
  destroy(): void;
}

/** XEP-0114 has no assigned port; every server's example has this one. */
const DEFAULT_PORT = 5347;

/** For what ping does not cover: a connection that is being ended. */
const KEEP_ALIVE_MS = 30_000;

/**
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
    // No event follows a write that was small enough to be taken at once.
    if (socket.write(text)) events.drained();
  }

  // An answer that waits for its predecessor's acknowledgement would take 40 ms (Nagle and delayed acknowledgements).
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
