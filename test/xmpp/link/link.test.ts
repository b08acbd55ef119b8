import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createAuthority } from '../../../src/harness/stand-ins/certificates.ts';
import type { Iq, IqReply } from '../../../src/xmpp/services/iq.ts';
import { createSecret } from '../../support/secret.ts';
import { linkTest, pingIq, pong, startLinked, until } from './linked.ts';
import { startScriptedServer, streamHeader } from './scripted-server.ts';

const waitError = (id: string, to = 'romeo@example.org/x', condition = 'internal-server-error') =>
  new RegExp(
    `<iq type='error' id='${id}' from='push.example.org' to='${to}'><error type='wait'>` +
      `<${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text [^>]*>[^<]+</text></error></iq>`,
  );

linkTest('link - header and handshake follow XEP-0114', async (t) => {
  const { server, link } = await startLinked(t);
  assert.deepEqual(link.status, { kind: 'closed' });
  link.start();
  assert.deepEqual(link.status, { kind: 'connecting' });
  const peer = await server.next();
  assert.equal(
    await peer.until(/<stream:stream [^>]*>/),
    `<?xml version='1.0'?><stream:stream version="1.0" xmlns="jabber:component:accept" ` +
      `xmlns:stream="http://etherx.jabber.org/streams" to="push.example.org">`,
  );
  peer.send(streamHeader);
  const hash = createHash('sha1').update('s1s3cret').digest('hex');
  await peer.until(new RegExp(`>\\s*<handshake>${hash}</handshake>$`));
  peer.send('<handshake/>');
  await link.whenOnline();
  assert.equal(link.status.kind, 'online');
});

linkTest('link - secrets and stream ids beyond ASCII are hashed as UTF-8', async (t) => {
  const { server, link } = await startLinked(t, {
    secret: createSecret('grüße\u{1F511}'),
  });
  link.start();
  const peer = await server.next();
  await peer.until(/<stream:stream [^>]*>/);
  peer.send(streamHeader.replace("id='s1'", "id='é&lt;1'"));
  const hash = createHash('sha1').update('é<1grüße\u{1F511}', 'utf8').digest('hex');
  await peer.until(new RegExp(`<handshake>${hash}</handshake>$`));
});

linkTest('link - nothing is handled before the handshake is acknowledged', async (t) => {
  const seen: string[] = [];
  const { server, link } = await startLinked(t, {
    handle: (iq) => {
      seen.push(iq.id);
      return { kind: 'result' };
    },
  });
  link.start();
  const peer = await server.next();
  await peer.until(/<stream:stream [^>]*>/);
  peer.send(`${streamHeader}${pingIq('early')}`);
  await peer.until(/<handshake>/);
  peer.send(`${pingIq('earlier')}<handshake/>${pingIq('late')}`);
  await peer.until(/id='late'/);
  assert.deepEqual(seen, ['late']);
  assert.doesNotMatch(peer.received, /early|earlier/);
});

linkTest('link - TLS trusts the given authority and no other', async (t) => {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(['127.0.0.1']);
  const server = await startScriptedServer({ cert: certificate, key });
  const trusting = await startLinked(t, { ca: authority.certificate }, server);
  const peer = await trusting.online();
  peer.send(pingIq('1'));
  await peer.until(/<iq type='result' id='1'/);

  const doubting = await startLinked(t, {}, server);
  doubting.link.start();
  await doubting.until('waiting');
  assert.ok(doubting.link.status.kind === 'waiting' && doubting.link.status.reason === 'tls-failed');
  assert.match(doubting.lines.join(), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/);

  const other = await authority.issue(['elsewhere.example.org']);
  const impostor = await startScriptedServer({ cert: other.certificate, key: other.key });
  const careful = await startLinked(t, { ca: authority.certificate }, impostor);
  careful.link.start();
  await careful.until('waiting');
  assert.match(careful.lines.join(), /ERR_TLS_CERT_ALTNAME_INVALID/);
});

linkTest('link - a restarted server has its link again at once', async (t) => {
  const { server, link, clock, online, metrics } = await startLinked(t);
  await online();
  const { port } = server;
  await server.close();
  await until(() => link.status.kind === 'waiting');
  assert.equal((await metrics.linkUp.get()).values[0]?.value, 0);
  let waited = 0;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await until(() => link.status.kind === 'waiting');
    const { status } = link;
    assert.ok(status.kind === 'waiting');
    assert.ok(status.retryInMs <= 4_000, 'never further away than the longest back-off');
    waited += status.retryInMs;
    clock.advance(status.retryInMs);
    await until(() => link.status.kind !== 'connecting');
  }
  assert.ok(waited > 5_000, 'the back-off grows');
  const restarted = await startScriptedServer(undefined, port);
  t.after(() => restarted.close());
  const { status } = link;
  assert.ok(status.kind === 'waiting');
  clock.advance(status.retryInMs);
  await (await restarted.next()).accept();
  await link.whenOnline();
  assert.equal((await metrics.linkUp.get()).values[0]?.value, 1);
  const lost = (await metrics.linkReconnects.get()).values.filter(({ value }) => value > 0);
  assert.equal(lost.length, 1, 'attempts that fail are no losses');
});

linkTest('link - a request that waits for a provider does not delay others', async (t) => {
  const slow = Promise.withResolvers<IqReply>();
  const { online } = await startLinked(t, {
    handle: (iq: Iq) => (iq.id === 'slow' ? slow.promise : { kind: 'result' }),
  });
  const peer = await online();
  peer.send(pingIq('slow') + pingIq('quick'));
  await peer.until(/id='quick'/);
  assert.doesNotMatch(peer.received, /id='slow'/);
  slow.resolve({ kind: 'result' });
  await peer.until(/id='slow'/);
});

linkTest('link - as soon as a request is answered the next is read, even if answers wait to be sent', async (t) => {
  const seen: string[] = [];
  const held = Promise.withResolvers<IqReply>();
  const { online } = await startLinked(t, {
    limits: { inFlight: 1, unsentBytes: 100_000_000 },
    handle(iq) {
      seen.push(iq.id);
      // More than the kernel takes at once, far less than the limit for unsent bytes.
      if (iq.id === 'large') return { kind: 'result', payload: `<x>${'y'.repeat(20_000_000)}</x>` };
      return iq.id === 'held' ? held.promise : { kind: 'result' };
    },
  });
  const peer = await online();
  peer.socket.pause();
  peer.send(pingIq('large'));
  await until(() => seen.length === 1);
  await turn(20);
  peer.send(pingIq('held'));
  await until(() => seen.length === 2);
  peer.send(pingIq('next'));
  await turn(20);
  assert.deepEqual(seen, ['large', 'held'], 'one at a time');
  held.resolve({ kind: 'result' });
  // The clock stands still, so the answer itself resumes reading.
  await until(() => seen.length === 3);
});

linkTest('link - a handler that fails, at once or later, leads to an error', async (t) => {
  const { online, lines } = await startLinked(t, {
    handle(iq) {
      if (iq.id === 'throws') throw new TypeError('romeo@example.org is to blame');
      return Promise.reject(new RangeError('romeo@example.org again'));
    },
  });
  const peer = await online();
  peer.send(pingIq('throws') + pingIq('rejects'));
  await peer.until(waitError('throws'));
  await peer.until(waitError('rejects'));
  assert.match(lines.join(), /TypeError/);
  assert.doesNotMatch(lines.join(), /romeo/);
});

linkTest('link - a handler that is too slow leads to an error, and its own answer is dropped', async (t) => {
  const slow = Promise.withResolvers<IqReply>();
  const { online, pass } = await startLinked(t, {
    handle: (iq) => (iq.id === 'slow' ? slow.promise : { kind: 'result' }),
  });
  const peer = await online();
  peer.send(pingIq('slow') + pingIq('seen'));
  await peer.until(/id='seen'/);
  for (let second = 0; second < 24; second += 1) {
    pass(1);
    peer.send(pingIq(`beat-${second}`));
    await peer.until(new RegExp(`id='beat-${second}'`));
  }
  assert.doesNotMatch(peer.received, /id='slow'/);
  pass(1);
  await peer.until(waitError('slow'));
  slow.resolve({ kind: 'result' });
  peer.send(pingIq('after'));
  const received = await peer.until(/id='after'/);
  assert.equal(received.split("id='slow'").length, 2);
});

linkTest('link - an answer is sent on the connection of its request, or not at all', async (t) => {
  const slow = Promise.withResolvers<IqReply>();
  const { online, again } = await startLinked(t, {
    handle: (iq) => (iq.id === 'slow' ? slow.promise : { kind: 'result' }),
  });
  const first = await online();
  first.send(pingIq('slow') + pingIq('seen'));
  await first.until(/id='seen'/);
  first.socket.destroy();
  const second = await again();
  slow.resolve({ kind: 'result' });
  second.send(pingIq('after'));
  assert.doesNotMatch(await second.until(/id='after'/), /id='slow'/);
});

linkTest(
  'link - drain answers requests under way and those that arrive meanwhile, and closes when there are none',
  async (t) => {
    const slow = Promise.withResolvers<IqReply>();
    const { online, link, server } = await startLinked(t, { handle: () => slow.promise });
    const peer = await online();
    peer.send(pingIq('under-way'));
    await until(() => link.status.kind === 'online' && peer.socket.bytesWritten > 0);
    await new Promise((resolve) => void setImmediate(resolve));
    peer.send(pingIq('also-under-way'));
    await turn(20);
    const drained = link.drain(10_000);
    assert.deepEqual(link.status, { kind: 'draining' });
    peer.send(pingIq('meanwhile'));
    await turn(20);
    assert.doesNotMatch(peer.received, /under-way|meanwhile/);
    slow.resolve({ kind: 'result' });
    const received = await peer.until(/<\/stream:stream>$/);
    for (const id of ['under-way', 'also-under-way', 'meanwhile']) assert.ok(received.includes(pong(id)), id);
    await drained;
    await peer.closed;
    assert.deepEqual(link.status, { kind: 'closed' });
    assert.equal(server.connections, 1);
  },
);

linkTest(
  'link - what the server wrote before it read our closing tag is handled, though nobody can answer it',
  async (t) => {
    const handled: string[] = [];
    const { online, link } = await startLinked(t, {
      handle(stanza) {
        handled.push(stanza.id);
        return { kind: 'result' };
      },
    });
    const peer = await online();
    const drained = link.drain(10_000);
    await peer.until(/<\/stream:stream>$/);
    peer.send(pingIq('crossed'));
    peer.send('<iq type=');
    await until(() => handled.length > 0);
    peer.socket.end("'get'/></stream:stream>");
    await drained;
    assert.deepEqual(handled, ['crossed']);
    assert.match(peer.received, /<\/stream:stream>$/);
    assert.deepEqual(link.status, { kind: 'closed' });
  },
);

linkTest(
  'link - drain reads no more in its last quarter of a second, if there is always one under way, and loses none',
  async (t) => {
    const slow = Promise.withResolvers<IqReply>();
    const handled: string[] = [];
    const { online, link, clock } = await startLinked(t, {
      handle({ id }) {
        handled.push(id);
        return slow.promise;
      },
    });
    const peer = await online();
    peer.send(pingIq('under-way'));
    await until(() => handled.length === 1);
    const drained = link.drain(8_000);
    clock.advance(5_700);
    peer.send(pingIq('late'));
    await until(() => handled.length === 2);
    clock.advance(100);
    peer.send(pingIq('in-the-end'));
    await turn(50);
    assert.deepEqual(handled, ['under-way', 'late']);
    slow.resolve({ kind: 'result' });
    const received = await peer.until(/<\/stream:stream>$/);
    for (const id of ['under-way', 'late']) assert.ok(received.includes(pong(id)), id);
    await until(() => handled.length === 3);
    peer.socket.end('</stream:stream>');
    await drained;
    assert.doesNotMatch(peer.received, /in-the-end/);
  },
);

linkTest('link - drain answers in time for a handler that never ends', async (t) => {
  const { online, link, clock } = await startLinked(t, { handle: () => new Promise<IqReply>(() => {}) });
  const peer = await online();
  peer.send(pingIq('hung'));
  await turn(20);
  const drained = link.drain(8_000);
  clock.advance(6_000);
  await peer.until(waitError('hung'));
  await peer.until(/<\/stream:stream>$/);
  await drained;
});

linkTest('link - drain does not wait for a server that never closes', async (t) => {
  const { online, link, clock } = await startLinked(t);
  const peer = await online();
  peer.socket.pause();
  const drained = link.drain(8_000);
  await turn(20);
  clock.advance(2_000);
  await drained;
  assert.deepEqual(link.status, { kind: 'closed' });
});

linkTest('link - drain ends waiting and connecting', async (t) => {
  const waiting = await startLinked(t, { service: 'xmpp://127.0.0.1:1' });
  waiting.link.start();
  const never = assert.rejects(waiting.link.whenOnline(), /closed/);
  await waiting.until('waiting');
  await waiting.link.drain(1_000);
  await never;
  assert.deepEqual(waiting.link.status, { kind: 'closed' });
  assert.equal(waiting.clock.waiting, 0);

  const connecting = await startLinked(t);
  connecting.link.start();
  const peer = await connecting.server.next();
  await peer.until(/<stream:stream/);
  await connecting.link.drain(1_000);
  await peer.closed;
});

/** Lets the event loop deliver what is on its way. */
async function turn(times: number): Promise<void> {
  for (let each = 0; each < times; each += 1) await new Promise((resolve) => void setImmediate(resolve));
}

linkTest('link - every attempt to connect counts by its result, so that a wrong secret shows', async (t) => {
  const { server, link, clock, metrics, until: untilKind } = await startLinked(t);
  const counted = async () => {
    const { values } = await metrics.linkAttempts.get();
    assert.ok(values.some(({ labels, value }) => labels.result === 'handshake-timeout' && value === 0));
    return Object.fromEntries(values.flatMap(({ labels, value }) => (value === 0 ? [] : [[labels.result, value]])));
  };
  assert.deepEqual(await counted(), {});
  link.start();
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    peer.send(
      "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>" +
        "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    await untilKind('waiting');
    assert.deepEqual(await counted(), { 'not-authorized': attempt });
    const { status } = link;
    if (status.kind === 'waiting') clock.advance(status.retryInMs);
  }
  const peer = await server.next();
  await peer.accept();
  await link.whenOnline();
  assert.deepEqual(await counted(), { 'not-authorized': 2, online: 1 });
});

for (const [port, namespace] of [
  ['clients', 'jabber:client'],
  ['other servers', 'jabber:server'],
] as const) {
  linkTest(`link - the port for ${port} is named as such, whatever the server says after its header`, async (t) => {
    const { server, link, lines, until: untilKind } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    // As Prosody 0.12 on its port for clients.
    peer.send(
      `<?xml version='1.0'?><stream:stream from='push.example.org' xml:lang='en' xmlns='${namespace}' id='64dadf1b' ` +
        "xmlns:stream='http://etherx.jabber.org/streams'><stream:error>" +
        "<host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
    );
    await untilKind('waiting');
    assert.ok(link.status.kind === 'waiting' && link.status.reason === 'wrong-port');
    assert.ok(link.status.retryInMs >= 15_000, 'somebody has to change the config first');
    assert.match(lines.join(), /name the one for external components.*no component link \(wrong-port\)/);
    // The digest of the secret is not for that port.
    assert.doesNotMatch(peer.received, /<handshake>/);
  });
}
