/** The lowest cost of sending to FCM in Node: undici's HTTP/1.1 pool with `dispatch`, bodies and headers prepared. */
import { type Dispatcher, Pool } from 'undici';
import { answerCalls } from './calls.ts';
import type { PushRequest, SenderCalls } from './protocol.ts';
import { sendInWindow, type SendOne } from './send-in-window.ts';
import { readOwnUsage } from './usage.ts';

/** More connections gained nothing on loopback, even with 500 requests waiting. */
const connections = 50;

let send: SendOne;

answerCalls<SenderCalls>({
  connect({ origin, ca, requests }) {
    send = createSend(new Pool(origin, { connections, connect: { ca } }), requests);
    return undefined;
  },
  send: (load) => sendInWindow(load, send),
  usage: readOwnUsage,
});

function createSend(pool: Pool, requests: readonly PushRequest[]): SendOne {
  return (index, answered) => {
    const { path, headers, body } = requests[index % requests.length] as PushRequest;
    let word = 'none';
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_, status) {
        word = String(status);
      },
      onResponseData() {},
      onResponseEnd: () => answered(word),
      onResponseError: () => answered('error'),
    };
    pool.dispatch({ method: 'POST', path, headers, body }, handler);
  };
}
