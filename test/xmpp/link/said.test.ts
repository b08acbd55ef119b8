import assert from 'node:assert/strict';
import { linkTest, startLinked } from './linked.ts';
import { streamHeader } from './scripted-server.ts';

/** Messages of level info and above, without the seconds, and the hint where there is one. */
const saidIn = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    return level < 30 ? [] : [msg.replace(/; the next.*/, '')];
  });

linkTest('link - one that is lost again and again is told once a minute, and that it is up as often', async (t) => {
  const { clock, online, again, lines } = await startLinked(t);
  let peer = await online();
  const lose = () => peer.send('</stream:stream>');
  for (let i = 0; i < 10; i += 1) {
    clock.advance(5_000);
    lose();
    peer = await again();
  }
  const each = ['no component link (stream-ended)', 'component link is up'];
  assert.deepEqual(saidIn(lines), ['component link is up', ...each]);
  clock.advance(10_000);
  lose();
  peer = await again();
  assert.deepEqual(saidIn(lines), ['component link is up', ...each, ...each]);
});

linkTest(
  'link - an outage that was not told at once is told after the minute, and not again while it lasts',
  async (t) => {
    const { clock, server, online, again, link, until, lines } = await startLinked(t);
    const first = await online();
    first.send('</stream:stream>');
    const second = await again();
    const before = saidIn(lines).length;
    second.send('</stream:stream>');
    for (let i = 0; i < 120; i += 1) {
      await until('waiting');
      assert.ok(link.status.kind === 'waiting');
      clock.advance(link.status.retryInMs);
      const peer = await server.next();
      await peer.until(/<stream:stream/);
      peer.send(`${streamHeader}</stream:stream>`);
    }
    await until('waiting');
    assert.deepEqual(saidIn(lines).slice(before), ['no component link (stream-ended)']);
  },
);

linkTest('link - why the last attempt failed is known while the next is under way', async (t) => {
  const { clock, server, link, until } = await startLinked(t);
  link.start();
  const peer = await server.next();
  await peer.until(/<stream:stream/);
  peer.send(
    "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>" +
      "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  await until('waiting');
  const { status } = link;
  if (status.kind === 'waiting') clock.advance(status.retryInMs);
  assert.deepEqual(link.status, {
    kind: 'connecting',
    reason: 'not-authorized',
    hint: 'the secret is not the one that the XMPP server has for this domain: put the same one into both configs, and restart',
  });
});
