import { type AddressInfo, connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';

/** As long takes what a process sends until the XMPP server reads it: a closing tag crosses what is published meanwhile. */
const underWayMs = 400;

export interface SlowPath {
  /** Its own port. */
  readonly port: number;
  /** What came back so far, by connection. */
  received(): readonly string[];
}

/** A path to a port of loopback on which everything takes a while, in one direction. */
export async function slowPath(t: TestContext, port: number): Promise<SlowPath> {
  const received: Buffer[][] = [];
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    // Timers of one length run in the order in which they were set.
    near.on('data', (bytes) => void setTimeout(() => far.write(bytes), underWayMs));
    near.on('end', () => void setTimeout(() => far.end(), underWayMs));
    const chunks: Buffer[] = [];
    received.push(chunks);
    far.on('data', (bytes: Buffer) => void chunks.push(bytes));
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => void server.once('listening', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received.map((chunks) => Buffer.concat(chunks).toString('utf8')),
  };
}
