/** The lowest cost of sending to APNs in Node: `node:http2`, one session, bodies and headers prepared. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { answerCalls } from './calls.ts';
import type { PushRequest, SenderCalls } from './protocol.ts';
import { sendInWindow, type SendOne } from './send-in-window.ts';
import { readOwnUsage } from './usage.ts';

let send: SendOne;

answerCalls<SenderCalls>({
  async connect({ origin, ca, requests }) {
    const session = connect(origin, { ca });
    await once(session, 'remoteSettings');
    send = createSend(session, requests);
  },
  send: (load) => sendInWindow(load, send),
  usage: readOwnUsage,
});

function createSend(session: ClientHttp2Session, requests: readonly PushRequest[]): SendOne {
  return (index, answered) => {
    const { path, headers, body } = requests[index % requests.length] as PushRequest;
    // New values each time, which header compression cannot remember.
    const id = randomUUID();
    const stream = session.request({
      ...headers,
      ':method': 'POST',
      ':path': path,
      'apns-id': id,
      'apns-collapse-id': id,
    });
    let word = 'none';
    stream.on('response', ({ ':status': status }) => (word = String(status)));
    stream.on('error', () => (word = 'error'));
    stream.on('close', () => answered(word));
    stream.resume();
    stream.end(body);
  };
}
