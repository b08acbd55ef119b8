import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ProxySettings } from '../../../src/core/app.ts';
import { secretOf } from '../fixtures.ts';

export interface ConnectProxy {
  readonly port: number;
  /** URL with the user and the password that the proxy demands. */
  readonly settings: ProxySettings;
  /** `HOST:PORT` of each requested tunnel, refused ones included. */
  readonly asked: readonly string[];
  /** Number of open tunnels. */
  readonly open: number;
  /** Answers with this status from now on, or not at all. */
  answer: 'tunnel' | 'silence' | number;
}

/**
 * A real HTTP proxy that demands Basic authentication; ends with the test.
 * @param addresses of hosts that it alone knows
 */
export async function openConnectProxy(
  t: TestContext,
  addresses: Readonly<Record<string, string>> = {},
): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, near: Socket) => {
    asked.push(request.url ?? '');
    if (proxy.answer === 'silence') return;
    const given = Buffer.from(request.headers['proxy-authorization']?.split(' ')[1] ?? '', 'base64').toString();
    const status = given === 'romeo:o r:c@1' ? proxy.answer : 407;
    if (status !== 'tunnel') {
      near.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const far = connect(Number(port), addresses[hostname] ?? hostname, () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      near.pipe(far).pipe(near);
      open += 1;
    });
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('close', () => {
      near.destroy();
      open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  const proxy: ConnectProxy = {
    port,
    settings: { url: secretOf(`http://romeo:o%20r%3Ac%401@127.0.0.1:${port}`), except: [] },
    asked,
    get open() {
      return open;
    },
    answer: 'tunnel',
  };
  return proxy;
}
