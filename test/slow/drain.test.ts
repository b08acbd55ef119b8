import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { startSealpost, startWorld } from '../support/sealpost.ts';

/** Publishes without an answer at a time. */
const window = 200;

test('drain - SIGTERM under load: nobody is told anything but result, what was answered reaches its device, exit code 0', async () => {
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
      window,
      write: (_, id) => publish(id, node),
    });
    await world.apns.waitFor(() => world.apns.received.length >= 300, 20_000);
    world.sealpost.process.kill('SIGTERM');
    const code = await world.sealpost.ended;
    const report = await load;

    assert.equal(code, 0);
    const answered = report.answers.get('result') ?? 0;
    assert.ok(answered >= 300);
    // This load leaves no moment without a request under way: the last ones come too late for an answer.
    const { result: _answered, disconnected = 0, ...others } = Object.fromEntries(report.answers);
    assert.deepEqual(others, {});
    assert.ok(disconnected <= window, `${disconnected} unanswered`);
    const said = world.sealpost.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const [ending, ended] = said.slice(-2);
    assert.deepEqual(
      [ending?.['msg'], ended?.['msg']],
      ['ending: what arrived is answered', 'ended; queued pushes are sent after the next start'],
    );
    assert.ok(Number(ended?.['unanswered']) <= window, JSON.stringify(ended));
    // Of one registration the newest 20 wait; those that were stored last may be counted before others give way to them.
    assert.ok(Number(ended?.['queued']) <= 20 + window, JSON.stringify(ended));
    assert.ok(Number(ended?.['answered']) >= Number(ending?.['count']), JSON.stringify([ending, ended]));
    // What came after the signal waits for the next process; of one registration the newest 20 do.
    const sent = world.apns.received.length;
    assert.ok(sent <= answered + disconnected);
    if (sent >= answered) return;
    const next = await startSealpost(world.folder, world.config);
    try {
      await world.apns.waitFor(() => world.apns.received.length >= Math.min(answered, sent + 1), 20_000);
    } finally {
      await next.stop();
    }
  } finally {
    await world.stop();
  }
});

test('drain - SIGTERM while a provider hangs: what it was sent is answered with result and sent again with its id', async () => {
  const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
  const world = await startWorld({ limits: { pushesPerRegistration: unlimited } });
  try {
    const token = 'd'.repeat(64);
    const call = 'e'.repeat(64);
    const provider = 'tigase:messenger:apns:1';
    const node = await world.register({ account: 'bob@localhost', provider, token, secondToken: call });
    // A connection carries one push at a time until the first one is accepted.
    assert.equal((await world.ask(publish('first', node))).kind, 'result');
    world.apns.script('*', { fault: 'hang' });
    const calls = [3, 6];
    const asked = Array.from({ length: 8 }, (_, i) =>
      world.ask(
        calls.includes(i) ? publish(`hung-${i}`, node).replace(` iv=`, ` type='voip' iv=`) : publish(`hung-${i}`, node),
      ),
    );
    await world.apns.waitFor(() => world.apns.received.length === 1 + asked.length, 20_000);
    const idsOf = (from: number) =>
      world.apns.received
        .slice(from)
        .map(({ headers }) => String(headers['apns-id']))
        .toSorted();
    const hung = idsOf(1);
    world.sealpost.process.kill('SIGTERM');
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      asked.map(() => 'result'),
    );
    assert.equal(await world.sealpost.ended, 0);
    const { unanswered, queued } = JSON.parse(world.sealpost.lines.at(-1) ?? '') as Record<string, unknown>;
    assert.deepEqual({ unanswered, queued }, { unanswered: 0, queued: asked.length });

    world.apns.script('*', undefined);
    const next = await startSealpost(world.folder, world.config);
    try {
      await world.apns.waitFor(() => world.apns.received.length >= 1 + 2 * asked.length, 20_000);
      assert.deepEqual(idsOf(1 + asked.length), hung);
    } finally {
      await next.stop();
    }
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
