import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedPush, Spell } from '../../src/harness/stand-ins/contract.ts';
import { answerWord } from '../../src/harness/server/stanza.ts';
import { ciphertextOf } from '../chaos/ledger.ts';
import { eventually } from '../support/process.ts';
import { startWorld, type World } from '../support/sealpost.ts';

const perProvider = 600;
/** Publishes unanswered at a time. */
const window = 200;
const retryAfterMs = 1000;

/** Of all answers a tenth says that the token is gone, a fifth is 429, and a twentieth never arrives. */
const rough = {
  apns: [
    { share: 0.1, script: { status: 410, reason: 'Unregistered' } },
    { share: 0.2, script: { status: 429, reason: 'TooManyRequests', retryAfter: '1' } },
    // Ends the stream only, since an answer lost with the whole connection cannot be told from none.
    { share: 0.05, script: { fault: 'cancel' } },
  ],
  fcm: [
    { share: 0.1, script: { status: 404, reason: 'UNREGISTERED' } },
    { share: 0.2, script: { status: 429, reason: 'QUOTA_EXCEEDED', retryAfter: '1' } },
    { share: 0.05, script: { fault: 'reset' } },
  ],
} satisfies Record<string, Spell['mix']>;

interface Published {
  readonly node: string;
  readonly attempts: ReceivedPush[];
  answer: string;
  /** Attempts that the provider had answered when the server had its answer. */
  answeredAfter: number;
}

async function register(world: World): Promise<string[]> {
  const nodes: string[] = [];
  for (let from = 0; from < perProvider; from += 50) {
    const batch = Array.from({ length: 50 }, (_, i) => from + i).flatMap((i) => [
      { account: `a${i}@localhost`, provider: 'tigase:messenger:apns:1', token: i.toString(16).padStart(64, '0') },
      { account: `f${i}@localhost`, provider: 'fcm-xmpp-api', token: `device-${i}:APA91bExample` },
    ]);
    nodes.push(...(await Promise.all(batch.map(world.register))));
  }
  return nodes;
}

const publishStanza = (id: string, node: string, ciphertext: string) =>
  `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'><encrypted xmlns='tigase:push:encrypt:0' ` +
  `iv='AAECAwQFBgcICQoL'>${ciphertext}</encrypted><priority xmlns='tigase:push:priority:0'>high</priority>` +
  `</notification></item></publish></pubsub></iq>`;

/** Publishes to every node at full speed; resolves with the result of each. */
async function publishAll(world: World, nodes: readonly string[], first: number): Promise<Published[]> {
  const published = nodes.map((node): Published => ({ node, attempts: [], answer: '', answeredAfter: 0 }));
  const note = (push: ReceivedPush) => {
    const message = push.body['message'] as { data?: Record<string, unknown> } | undefined;
    const ciphertext = String(push.body['encrypted'] ?? message?.data?.['encrypted']);
    published[Buffer.from(ciphertext, 'base64').readUInt32BE() - first]?.attempts.push(push);
  };
  for (const standIn of [world.apns, world.fcm]) standIn.onPush(note);
  const left = published.entries();
  const work = async () => {
    for (const [i, entry] of left) {
      const number = first + i;
      entry.answer = answerWord(await world.ask(publishStanza(`rough-${number}`, entry.node, ciphertextOf(number))));
      entry.answeredAfter = entry.attempts.length;
    }
  };
  await Promise.all(Array.from({ length: window }, work));
  return published;
}

const saysGone = ({ status }: ReceivedPush) => status === 410 || status === 404;

test('rough weather - with a third of all answers bad, at full speed, each publish is answered as the tables say, and none is lost', async (t) => {
  const world = await startWorld();
  t.after(() => world.stop());
  const nodes = await register(world);
  for (const provider of ['apns', 'fcm'] as const) world[provider].schedule([{ minutes: 10, mix: rough[provider] }]);
  const published = await publishAll(world, nodes, 0);
  for (const provider of ['apns', 'fcm'] as const) world[provider].schedule([]);

  for (const { answer, attempts, answeredAfter } of published) {
    // A failed push is queued, which is answered with result. A node whose token died before the answer is not found.
    const goneAt = attempts.slice(0, answeredAfter).findIndex(saysGone);
    // A failed push may have been sent again while its answer was under way.
    const expected = goneAt > 0 && answer === 'result' ? answer : goneAt >= 0 ? 'cancel/item-not-found' : 'result';
    assert.equal(answer, expected, attempts.map(({ status, reason }) => `${status} ${reason}`).join(', '));
  }
  const isSettled = ({ attempts }: Published) => attempts.some((push) => push.status === 200 || saysGone(push));
  await eventually('all have arrived or are gone', () => published.every(isSettled) || undefined, 90_000);

  const seen: Record<string, number> = {};
  for (const { attempts } of published) {
    for (const { provider, status } of attempts)
      seen[`${provider} ${status}`] = (seen[`${provider} ${status}`] ?? 0) + 1;
    const taken = attempts.filter(({ status }) => status === 200);
    assert.equal(taken.length, attempts.some(saysGone) ? 0 : 1, 'taken once, unless the device is gone');
    assert.equal(new Set(attempts.map(({ headers }) => headers['apns-id'])).size, 1);
    for (const [i, { status, atMs }] of attempts.entries()) {
      const next = attempts[i + 1];
      if (status === 429 && next) assert.ok(next.atMs - atMs >= retryAfterMs - 5, `${next.atMs - atMs} ms after a 429`);
    }
  }
  t.diagnostic(JSON.stringify(seen));
  // Otherwise the figures would agree trivially.
  for (const [word, least] of [
    ['apns 410', 30],
    ['fcm 404', 30],
    ['apns 429', 60],
    ['fcm 429', 60],
    ['apns 0', 15],
    ['fcm 0', 15],
  ] as const)
    assert.ok((seen[word] ?? 0) >= least, `${word}: ${seen[word]}`);

  const again = await publishAll(world, nodes, nodes.length);
  for (const [i, { answer }] of again.entries())
    assert.equal(answer, published[i]?.attempts.some(saysGone) ? 'cancel/item-not-found' : 'result');
});
