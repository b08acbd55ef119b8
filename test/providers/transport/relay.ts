import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network path between a sender and a stand-in that can be cut silently. */
export interface Relay {
  readonly origin: string;
  readonly connections: number;
  /** Connections that the sender has not closed. */
  readonly open: number;
  /** Silently drops the traffic of present connections; new ones work. */
  blackHole(): void;
}

/** Ends with the test. */
export async function openRelay(t: TestContext, target: string): Promise<Relay> {
  const { port } = new URL(target);
  const pairs = new Set<{ near: Socket; far: Socket; isDark: boolean }>();
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = connect(Number(port), '127.0.0.1');
    const pair = { near, far, isDark: false };
    pairs.add(pair);
    near.on('data', (chunk) => !pair.isDark && far.write(chunk));
    far.on('data', (chunk) => !pair.isDark && near.write(chunk));
    near.on('close', () => {
      pairs.delete(pair);
      far.destroy();
    });
    far.on('close', () => !pair.isDark && near.destroy());
    near.on('error', () => {});
    far.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const { near } of pairs) near.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    get open() {
      return pairs.size;
    },
    blackHole() {
      for (const pair of pairs) pair.isDark = true;
    },
  };
}

/** The origin of a port without listener. */
export async function deadOrigin(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `https://127.0.0.1:${port}`;
}
