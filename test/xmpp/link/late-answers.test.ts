import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LinkName, TakenAnswer } from '../../../src/store/late-answers/contract.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { LinkStatus } from '../../../src/xmpp/link/link.ts';
import { relayLateAnswers } from '../../../src/xmpp/link/relay-late-answers.ts';
import type { IqReply } from '../../../src/xmpp/services/iq.ts';
import { manualClock, turns } from '../../support/clock.ts';
import { linkTest, pingIq, pong, startLinked, until } from './linked.ts';

linkTest(
  'late answers - what arrives after our closing tag is answered to handOver, nothing on the stream',
  async (t) => {
    const handedOver: string[] = [];
    const replies = new Map<string, (reply: IqReply) => void>();
    const { online, link } = await startLinked(t, {
      handOver: (xml) => void handedOver.push(xml),
      handle: ({ id }) => (id === 'at-once' ? { kind: 'result' } : new Promise((resolve) => replies.set(id, resolve))),
    });
    const peer = await online();
    const drained = link.drain(10_000);
    await peer.until(/<\/stream:stream>$/);
    peer.send(pingIq('at-once') + pingIq('later') + pingIq('refused'));
    peer.send("<iq type='set' id='odd' from='romeo@example.org/x' to='push.example.org'/>");
    peer.send("<message from='romeo@example.org/x' to='push.example.org'/><iq type='result' id='r' from='a' to='b'/>");
    await until(() => replies.size === 2 && handedOver.length === 2);
    replies.get('later')?.({ kind: 'result', payload: "<q xmlns='urn:q'>&amp;</q>" });
    peer.socket.end('</stream:stream>');
    await turns();
    replies.get('refused')?.({ kind: 'error', error: 'item-not-found' });
    await drained;
    const text = /<text [^>]*>[^<]*<\/text>/;
    assert.deepEqual(
      handedOver.map((xml) => xml.replace(text, '')),
      [
        pong('at-once'),
        "<iq type='error' id='odd' from='push.example.org' to='romeo@example.org/x'>" +
          "<error type='wait'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        "<iq type='result' id='later' from='push.example.org' to='romeo@example.org/x'><q xmlns='urn:q'>&amp;</q></iq>",
        "<iq type='error' id='refused' from='push.example.org' to='romeo@example.org/x'>" +
          "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
      ],
    );
    assert.match(peer.received, /<\/stream:stream>$/);
    assert.doesNotMatch(peer.received, /<iq/);
    assert.equal(link.lateAnswers, 4);
  },
);

linkTest('late answers - an answer that the stream could still carry is not handed over', async (t) => {
  const handedOver: string[] = [];
  const slow = Promise.withResolvers<IqReply>();
  const { online, link, clock } = await startLinked(t, {
    handOver: (xml) => void handedOver.push(xml),
    handle: () => slow.promise,
  });
  const peer = await online();
  peer.send(pingIq('hung'));
  await turns();
  const drained = link.drain(8_000);
  clock.advance(6_000);
  await peer.until(/id='hung'[^]*<\/stream:stream>$/);
  // Its answer was given for it, so that there is none any more.
  slow.resolve({ kind: 'result' });
  await drained;
  await turns();
  assert.deepEqual([handedOver, link.lateAnswers], [[], 0]);
});

linkTest('late answers - a connection that is lost during the drain leaves its answers to others', async (t) => {
  const handedOver: string[] = [];
  const slow = Promise.withResolvers<IqReply>();
  const { online, link } = await startLinked(t, {
    handOver: (xml) => void handedOver.push(xml),
    handle: () => slow.promise,
  });
  const peer = await online();
  peer.send(pingIq('under-way'));
  await turns();
  const drained = link.drain(8_000);
  peer.socket.destroy();
  await turns();
  slow.resolve({ kind: 'result' });
  await drained;
  assert.deepEqual([handedOver, link.lateAnswers], [[pong('under-way')], 1]);
});

linkTest('late answers - a server that ends the stream during the drain leaves its answers to others', async (t) => {
  const handedOver: string[] = [];
  const slow = Promise.withResolvers<IqReply>();
  const { online, link, clock } = await startLinked(t, {
    handOver: (xml) => void handedOver.push(xml),
    handle: () => slow.promise,
  });
  const peer = await online();
  peer.send(pingIq('under-way'));
  await turns();
  const drained = link.drain(8_000);
  peer.send('</stream:stream>');
  await peer.until(/<\/stream:stream>$/);
  slow.resolve({ kind: 'result' });
  await turns();
  assert.deepEqual([handedOver, link.lateAnswers], [[pong('under-way')], 1]);
  assert.match(peer.received, /<\/stream:stream>$/);
  clock.advance(2_000);
  await drained;
});

linkTest('late answers - an answer that comes after the drain is handed over all the same, and counted', async (t) => {
  const handedOver: string[] = [];
  const slow = Promise.withResolvers<IqReply>();
  const { online, link, clock } = await startLinked(t, {
    handOver: (xml) => void handedOver.push(xml),
    handle: () => slow.promise,
  });
  const peer = await online();
  const drained = link.drain(8_000);
  await peer.until(/<\/stream:stream>$/);
  peer.send(pingIq('crossed'));
  peer.socket.end('</stream:stream>');
  await turns();
  clock.advance(2_000);
  await drained;
  assert.equal(link.lateAnswers, 0);
  slow.resolve({ kind: 'result' });
  await turns();
  assert.deepEqual([handedOver, link.lateAnswers], [[pong('crossed')], 1]);
});

const ejabberd = { service: 'xmpp://one.example:5347', domain: 'push.example.org' };
const answer = (n: number, name: LinkName = ejabberd): TakenAnswer => ({
  ...name,
  xml: `<iq id='${n}'/>`,
  handedOverAtMs: n,
});

/** A relay between a store, which is played, and links that note what they send. */
function startRelay(names: readonly LinkName[]) {
  const clock = manualClock();
  const metrics = createMetrics('test');
  const asked: string[][] = [];
  const putBack: TakenAnswer[] = [];
  const stored: TakenAnswer[][] = [];
  const links = names.map((name) => {
    const link = {
      ...name,
      status: { kind: 'online', sinceMs: 0, lastPongMs: 0 } as LinkStatus,
      takes: true,
      sent: [] as string[],
      send(xml: string) {
        if (link.takes) link.sent.push(xml);
        return link.takes;
      },
    };
    return link;
  });
  const stop = relayLateAnswers({
    links,
    lateAnswers: {
      take(wanted) {
        asked.push(wanted.map(({ service, domain }) => `${service} ${domain}`));
        return Promise.resolve(stored.shift() ?? []);
      },
      putBack: (answers) => void putBack.push(...answers),
    },
    clock,
    metrics,
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns(2);
  };
  return { clock, metrics, links, asked, putBack, stored, stop, pass };
}

it('late answers - the relay looks once a second, for links that are up, each domain of a server once', async () => {
  const other = { ...ejabberd, domain: 'push.example.net' };
  const { links, asked, pass, stop, clock } = startRelay([ejabberd, ejabberd, other]);
  await pass(999);
  assert.deepEqual(asked, []);
  await pass(1);
  const [one = '', two = ''] = [ejabberd, other].map(({ service, domain }) => `${service} ${domain}`);
  assert.deepEqual(asked, [[one, two]]);
  for (const link of links) link.status = { kind: 'draining' };
  await pass(1_000);
  assert.equal(asked.length, 1);
  if (links[1]) links[1].status = { kind: 'online', sinceMs: 0, lastPongMs: 0 };
  await pass(1_000);
  assert.deepEqual(asked[1], [one]);
  await stop();
  await pass(5_000);
  assert.deepEqual([asked.length, clock.waiting], [2, 0]);
});

it('late answers - the relay sends each answer once, on a link of its server and domain that takes it', async () => {
  const elsewhere = { ...ejabberd, service: 'xmpp://two.example:5347' };
  const { links, stored, putBack, pass, metrics } = startRelay([elsewhere, ejabberd, ejabberd]);
  const [foreign, first, second] = links;
  stored.push([answer(1), answer(2, elsewhere)]);
  await pass(1_000);
  assert.deepEqual([foreign?.sent, first?.sent, second?.sent], [["<iq id='2'/>"], ["<iq id='1'/>"], []]);
  if (first) first.takes = false;
  stored.push([answer(3)]);
  await pass(1_000);
  assert.deepEqual([first?.sent.length, second?.sent], [1, ["<iq id='3'/>"]]);
  if (second) second.takes = false;
  stored.push([answer(4)]);
  await pass(1_000);
  assert.deepEqual(putBack, [answer(4)]);
  const { values } = await metrics.lateAnswers.get();
  assert.equal(values.find(({ labels }) => labels['result'] === 'sent')?.value, 3);
});

it('late answers - the end of the relay waits for what was taken', async () => {
  const clock = manualClock();
  const taken = Promise.withResolvers<readonly TakenAnswer[]>();
  const putBack: TakenAnswer[] = [];
  const stop = relayLateAnswers({
    links: [{ ...ejabberd, status: { kind: 'online', sinceMs: 0, lastPongMs: 0 }, send: () => false }],
    lateAnswers: { take: () => taken.promise, putBack: (answers) => void putBack.push(...answers) },
    clock,
    metrics: createMetrics('test'),
  });
  clock.advance(1_000);
  const stopped = stop();
  taken.resolve([answer(1)]);
  await stopped;
  await turns(2);
  assert.deepEqual([putBack, clock.waiting], [[answer(1)], 0]);
});
