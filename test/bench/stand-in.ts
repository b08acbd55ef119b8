/** The process of one provider stand-in. */
import { createApnsStandIn } from '../../src/harness/stand-ins/apns.ts';
import type { ReceivedPush, StandIn } from '../../src/harness/stand-ins/contract.ts';
import { createFcmStandIn } from '../../src/harness/stand-ins/fcm.ts';
import { answerCalls } from './calls.ts';
import type { PushRequest, StandInCalls, StandInStart } from './protocol.ts';

/** Enough to compare what the server and the floor sent to the same device. */
const receivedLimit = 2_000;

const tally: Record<string, number> = {};
let standIn: StandIn;
let fcmPath = '';

answerCalls<StandInCalls>({
  async start(start) {
    standIn = await createStandIn(start);
    if (start.provider === 'fcm') fcmPath = `/v1/projects/${start.account.projectId}/messages:send`;
    standIn.onPush(({ status, reason }) => {
      const word = reason === undefined ? String(status) : `${status} ${reason}`;
      tally[word] = (tally[word] ?? 0) + 1;
    });
    return { origin: standIn.origin, ca: standIn.ca };
  },
  tally: () => tally,
  script({ token, script }) {
    standIn.script(token, script);
    return undefined;
  },
  schedule(spells) {
    standIn.schedule(spells);
    return undefined;
  },
  async port(state) {
    await (state === 'open' ? standIn.openPort() : standIn.closePort());
    return undefined;
  },
  latest: ({ count }) => standIn.received.slice(-count).map(requestOf),
});

function createStandIn(start: StandInStart): Promise<StandIn> {
  return start.provider === 'apns'
    ? createApnsStandIn({ topics: [start.topic], keys: [start.key], receivedLimit })
    : createFcmStandIn({ account: start.account, receivedLimit });
}

/** Headers that HTTP clients add themselves. */
const ofTheConnection = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

function requestOf(push: ReceivedPush): PushRequest {
  const body = JSON.stringify(push.body);
  if (Buffer.byteLength(body) !== push.bytes) throw new Error('the body of a push cannot be rebuilt from its JSON');
  return {
    path: push.provider === 'apns' ? `/3/device/${push.token}` : fcmPath,
    headers: Object.fromEntries(Object.entries(push.headers).filter(([name]) => !ofTheConnection.has(name))),
    body,
  };
}
