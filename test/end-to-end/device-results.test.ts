import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWorld } from '../support/sealpost.ts';

const fcm = 'fcm-xmpp-api';

function publish(id: string, node: string, from: string): string {
  return (
    `<iq type='set' from='${from}' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}

const hostileToken = (i: number) => `hostile${i}:APA91b`.padEnd(80, 'x');
const innocentToken = 'innocent:APA91b'.padEnd(80, 'y');

for (const { what, script, answer } of [
  {
    what: 'ten tokens of one domain over Google’s quota for a device',
    script: { status: 429, reason: 'QUOTA_EXCEEDED', retryAfter: '60' },
    answer: 'result',
  },
  {
    what: 'tokens that the project has no APNs credentials for',
    script: { status: 401, reason: 'THIRD_PARTY_AUTH_ERROR' },
    answer: 'wait/internal-server-error',
  },
] as const) {
  test(`device results - ${what} affect nobody else`, async () => {
    const world = await startWorld();
    try {
      const hostile: string[] = [];
      for (let i = 0; i < 10; i += 1) {
        world.fcm.script(hostileToken(i), script);
        hostile.push(
          await world.register({ account: `user-${i}@hostile.example`, provider: fcm, token: hostileToken(i) }),
        );
      }
      const innocent = await world.register({ account: 'juliet@localhost', provider: fcm, token: innocentToken });
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(
          hostile.map((node, i) => world.ask(publish(`hostile-${round}-${i}`, node, 'hostile.example'))),
        );
        assert.deepEqual(
          new Set(answers.map((one) => (one.kind === 'error' ? `${one.type}/${one.condition}` : one.kind))),
          new Set([answer]),
        );
        const said = await world.ask(publish(`innocent-${round}`, innocent, 'localhost'));
        assert.equal(said.kind, 'result');
        // Accepted at once, not put into the outbox behind an open circuit.
        const accepted = world.fcm.received.filter(({ token, status }) => token === innocentToken && status === 200);
        assert.equal(accepted.length, round + 1);
      }
    } finally {
      await world.stop();
    }
  });
}
