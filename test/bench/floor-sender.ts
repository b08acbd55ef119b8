/** The floor's way to a provider: undici's `dispatch`, over HTTP/2 to APNs, over a pool of HTTP/1.1 to FCM. */
import { Client, type Dispatcher, Pool } from 'undici';
import type { ProviderName, PushRequest } from './protocol.ts';

/** More connections gained nothing on loopback, even with 500 requests waiting. */
const connections = 50;
/** As many streams as the server opens on a connection. */
const streams = 500;

export interface FloorSender {
  /** Sends one request and calls back with status and body of the answer; status 0: there was none. */
  send(request: PushRequest, answered: (status: number, body: string) => void): void;
}

export function createFloorSender(provider: ProviderName, { origin, ca }: { origin: string; ca: string }): FloorSender {
  // Without time-outs, since a request that is lost shows as a missing answer.
  const common = { connect: { ca }, headersTimeout: 0, bodyTimeout: 0 };
  const dispatcher: Dispatcher =
    provider === 'apns'
      ? new Client(origin, { ...common, allowH2: true, h2Options: { maxConcurrentStreams: streams } })
      : new Pool(origin, { ...common, allowH2: false, connections });
  return {
    send({ path, headers, body }, answered) {
      let status = 0;
      const chunks: Buffer[] = [];
      dispatcher.dispatch(
        { method: 'POST', path, headers, body },
        {
          onRequestStart() {},
          onResponseStart(_, code) {
            status = code;
          },
          onResponseData: (_, chunk) => void chunks.push(chunk),
          onResponseEnd: () => answered(status, chunks.length === 0 ? '' : Buffer.concat(chunks).toString('utf8')),
          onResponseError: () => answered(0, ''),
        },
      );
    },
  };
}
