import assert from 'node:assert/strict';
import { linkTest, startLinked, until } from './linked.ts';

const stanza = "<message type='headline' from='push.example.org' to='romeo@example.net'/>";

linkTest('link - a stanza of ours is sent only while the link is up', async (t) => {
  const { server, link, clock, online, until: untilStatus } = await startLinked(t);
  assert.equal(link.send(stanza), false);
  const peer = await online();
  assert.equal(link.send(stanza), true);
  await until(() => peer.received.includes(stanza));
  peer.socket.destroy();
  await untilStatus('waiting');
  assert.equal(link.send(stanza), false);
  const { status } = link;
  if (status.kind === 'waiting') clock.advance(status.retryInMs);
  const next = await server.next();
  assert.equal(link.send(stanza), false);
  await next.accept();
  await link.whenOnline();
  assert.ok(!next.received.includes(stanza));
});

linkTest('link - for a server that does not read, no more than the limit is kept unsent', async (t) => {
  const { link, online } = await startLinked(t, { limits: { unsentBytes: 10_000 } });
  const peer = await online();
  peer.socket.pause();
  const large = stanza.replace('/>', `>${'a'.repeat(60_000)}</message>`);
  let sent = 0;
  while (sent < 1_000 && link.send(large)) sent += 1;
  assert.ok(sent > 0 && sent < 1_000, `${sent}`);
  assert.equal(link.status.kind, 'online');
});
