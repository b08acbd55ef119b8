import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { startWorld } from '../support/sealpost.ts';

test('drain - SIGTERM under load: every publish that arrived is answered, exit code 0', async () => {
  const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
  const world = await startWorld({ limits: { publishesPerDomain: unlimited, pushesPerRegistration: unlimited } });
  try {
    const token = 'd'.repeat(64);
    const node = await world.register({ account: 'bob@localhost', provider: 'tigase:messenger:apns:1', token });
    // Slow enough that many are under way when the signal arrives.
    world.apns.script(token, { delayMs: 300 });
    const connection = await world.acceptor.whenConnected('push.localhost', 5000);
    const load = blast({
      acceptor: world.acceptor,
      connection,
      clock: systemClock,
      count: 100_000,
      window: 200,
      write: (_, id) => publish(id, node),
    });
    await world.apns.waitFor(() => world.apns.received.length >= 300, 20_000);
    world.sealpost.process.kill('SIGTERM');
    const code = await world.sealpost.ended;
    const report = await load;

    assert.equal(code, 0);
    // The server cannot answer what it never read, but has to answer what it handed to the provider.
    const answered = report.answers.get('result') ?? 0;
    assert.equal(world.apns.received.length, answered);
    assert.ok(answered >= 300);
    const others = [...report.answers.keys()].filter((answer) => answer !== 'result');
    assert.ok(
      others.every((answer) => answer === 'wait/internal-server-error'),
      others.join(' '),
    );
  } finally {
    await world.stop();
  }
});

function publish(id: string, node: string) {
  return (
    `<iq type='set' from='localhost' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}
