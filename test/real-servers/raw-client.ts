import { connect } from 'node:net';
import type { RealServer } from './server.ts';

/** A signed-in client that writes its input byte for byte. */
export interface RawClient {
  /** All text received so far. */
  readonly received: string;
  /** The connection is gone. */
  readonly isClosed: boolean;
  send(xml: string | Uint8Array): void;
  /** Resolves when the received text matches, or with undefined once the connection or the time ends. */
  until(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray | undefined>;
  close(): void;
}

export interface RawClientOptions {
  readonly name: string;
  readonly resource: string;
  /** Additional attributes of its stream header. */
  readonly declarations?: string;
}

/** Signs in over plain TCP (RFC 6120 sections 4, 6 and 7). */
export async function signInRaw(server: RealServer, options: RawClientOptions): Promise<RawClient> {
  const { name, resource, declarations = '' } = options;
  const socket = connect({ port: server.clientPort, host: '127.0.0.1', noDelay: true });
  const watchers = new Set<() => void>();
  let received = '';
  let isClosed = false;
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on('data', (text) => {
    received += String(text);
    wake();
  });
  socket.on('close', () => {
    isClosed = true;
    wake();
  });

  const client: RawClient = {
    get received() {
      return received;
    },
    get isClosed() {
      return isClosed;
    },
    send: (xml) => void socket.write(xml),
    until(pattern, withinMs = 10_000) {
      return new Promise((resolve) => {
        const settle = (found: RegExpExecArray | undefined) => {
          watchers.delete(look);
          clearTimeout(timer);
          resolve(found);
        };
        const look = () => {
          const found = pattern.exec(received);
          if (found || isClosed) settle(found ?? undefined);
        };
        const timer = setTimeout(() => settle(undefined), withinMs);
        watchers.add(look);
        look();
      });
    },
    close: () => void socket.destroy(),
  };

  const open = async () => {
    received = '';
    client.send(
      `<?xml version='1.0'?><stream:stream to='${server.domain}' version='1.0' xmlns='jabber:client' ` +
        `xmlns:stream='http://etherx.jabber.org/streams'${declarations}>`,
    );
    await expect(/<stream:features>.*<\/stream:features>/s);
  };
  const expect = async (pattern: RegExp) => {
    if (await client.until(pattern)) return;
    client.close();
    throw new Error(`${name} could not sign in, ${String(pattern)} did not come: ${received.slice(-500)}`);
  };
  await open();
  const credentials = Buffer.from(`\0${name}\0${name}pw`).toString('base64');
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${credentials}</auth>`);
  await expect(/<success /);
  await open();
  client.send(
    `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
  );
  await expect(/<jid>[^<]+<\/jid>/);
  return client;
}
