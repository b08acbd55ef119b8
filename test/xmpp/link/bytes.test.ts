import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { attribute } from '../../../src/xmpp/stream/element.ts';
import type { IqReply } from '../../../src/xmpp/services/iq.ts';
import { LINK_LIMITS } from '../../../src/xmpp/stream/limits.ts';
import { linkTest, startLinked, until } from './linked.ts';
import type { Peer } from './scripted-server.ts';

const from = `from='romeo@example.org/x' to='push.example.org'`;

/** A link whose handler answers when told to, in the order of the requests. */
async function startHolding(t: TestContext, limits: { readonly inFlightBytes?: number; readonly inFlight?: number }) {
  const held: (() => void)[] = [];
  const names: string[] = [];
  const linked = await startLinked(t, {
    limits,
    handle({ payload }) {
      names.push(attribute(payload, 'n') ?? '');
      return new Promise<IqReply>((resolve) => void held.push(() => resolve({ kind: 'result' })));
    },
  });
  const peer = await linked.online();
  return { ...linked, peer, held, names };
}

/** Resolves once no more requests are read, although more were sent. */
async function whenPaused(held: readonly unknown[]): Promise<number> {
  for (let quiet = 0, before = -1; quiet < 200; quiet += 1) {
    if (held.length !== before) quiet = 0;
    before = held.length;
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return held.length;
}

async function send({ socket }: Peer, stanzas: readonly string[]): Promise<void> {
  for (const stanza of stanzas) {
    if (!socket.write(stanza)) await new Promise((resolve) => void socket.once('drain', resolve));
  }
}

const large = (n: number, length: number, unit = 'x') =>
  `<iq type='set' id='n${n}' ${from}><x n='${n}'>${unit.repeat(length)}</x></iq>`;

/** Bytes beyond a limit: the rest of the packet in which it was reached. */
const packetBytes = 65_536;

linkTest('link - reading stops while the requests under way take too much memory', async (t) => {
  const { peer, held } = await startHolding(t, { inFlightBytes: 1_000_000 });
  const total = 300;
  const sent = send(
    peer,
    Array.from({ length: total }, (_, n) => large(n, 20_000)),
  );
  const atMost = Math.ceil(1_000_000 / 40_000) + Math.ceil(packetBytes / 20_000);
  const paused = await whenPaused(held);
  assert.ok(paused >= 25 && paused <= atMost, `${paused} under way`);

  // Answers make room, but a few of them are not enough to resume reading.
  held.shift()?.();
  await peer.until(/id='n0'/);
  assert.equal(await whenPaused(held), paused - 1);
  let most = 0;
  let answered = 1;
  await until(() => {
    most = Math.max(most, held.length);
    answered += held.length;
    for (const answer of held.splice(0)) answer();
    return answered === total;
  });
  await sent;
  const received = await peer.until(new RegExp(`id='n${total - 1}'`));
  const ids = [...received.matchAll(/<iq type='result' id='(n\d+)'/g)].map(([, id]) => id);
  assert.deepEqual([ids.length, new Set(ids).size], [total, total]);
  assert.ok(most <= atMost, `${most} under way`);
});

linkTest('link - a single stanza above the limit is answered like any other', async (t) => {
  const { peer, held } = await startHolding(t, { inFlightBytes: 65_536 });
  for (const n of [0, 1, 2]) {
    await send(peer, [large(n, 60_000)]);
    await until(() => held.length === 1);
    held.shift()?.();
    await peer.until(new RegExp(`id='n${n}'`));
  }
});

linkTest('link - everything counts that a sender can make long: text, attributes, addresses, the id', async (t) => {
  const long = 'y'.repeat(1_000);
  const rows: readonly [string, string][] = [
    ['text', `<iq type='set' id='i' ${from}><x>${long}</x></iq>`],
    ['text deep inside', `<iq type='set' id='i' ${from}><x><y><z>${long}</z></y></x></iq>`],
    ['an attribute', `<iq type='set' id='i' ${from}><x><y z='${long}'/></x></iq>`],
    ['the id', `<iq type='set' id='${long}' ${from}><x/></iq>`],
    ['the sender', `<iq type='set' id='i' from='a@b/${long}' to='push.example.org'><x/></iq>`],
  ];
  for (const [what, stanza] of rows) {
    const { peer, held, link, clock } = await startHolding(t, { inFlightBytes: 200_000 });
    // Written completely, so that unread data stays with the sender.
    void send(peer, Array<string>(2_000).fill(stanza));
    const paused = await whenPaused(held);
    assert.ok(paused <= 100 + packetBytes / 1_000, `${what}: ${paused} under way`);
    for (const answer of held.splice(0)) answer();
    const drained = link.drain(100);
    await whenPaused(held);
    clock.advance(75);
    await whenPaused(held);
    // What comes while the stream is closed has no more room than before.
    assert.ok(held.length <= 2 * (100 + packetBytes / 1_000), `${what}: ${held.length} at the end`);
    clock.advance(25);
    await drained;
  }
});

linkTest('link - publishes of the usual size reach the number of requests first', async (t) => {
  const { peer, held } = await startHolding(t, {});
  void send(
    peer,
    Array.from({ length: 3_000 }, (_, n) => large(n, 1_500)),
  );
  const paused = await whenPaused(held);
  assert.ok(paused >= LINK_LIMITS.inFlight && paused < LINK_LIMITS.inFlight + packetBytes / 1_500, `${paused}`);
  for (const answer of held.splice(0)) answer();
});

linkTest('link - a request that got an error after its time no longer counts', async (t) => {
  const { peer, held, names, clock } = await startHolding(t, { inFlightBytes: 65_536 });
  await send(peer, [large(0, 40_000), large(1, 40_000)]);
  await until(() => held.length > 0);
  assert.equal(await whenPaused(held), 1);
  clock.advance(25_000);
  clock.advance(1_000);
  await peer.until(/<iq type='error' id='n0'/);
  await until(() => held.length === 2);
  assert.deepEqual(names, ['0', '1']);
});
