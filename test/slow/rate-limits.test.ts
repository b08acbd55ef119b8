import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/time/clock.ts';
import { blast } from '../../src/harness/server/blast.ts';
import { startWorld } from '../support/sealpost.ts';

const apns = 'tigase:messenger:apns:1';

/** A burst and almost no rate, so that the number of refusals does not depend on the speed of the machine. */
const limits = {
  publishesPerDomain: { burst: 5_000, perMinute: 1 },
  commandsPerDomain: { burst: 500, perMinute: 1 },
  commandsPerAccount: { burst: 60, perMinute: 1 },
};

test('rate limits - a server that publishes 50,000 and floods commands does not affect another', async () => {
  const world = await startWorld({ limits });
  try {
    const registered = (server: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          world.register({
            account: `user-${i}@${server}`,
            provider: apns,
            token: `${server === 'localhost' ? 'a' : 'b'}${i}`.padEnd(64, '0'),
          }),
        ),
      );
    const innocent = await registered('localhost', 50);
    const hostile = await registered('hostile.example', 50);
    const connection = await world.acceptor.whenConnected('push.localhost', 5_000);
    const load = { acceptor: world.acceptor, connection, clock: systemClock };

    const publishes = blast({
      ...load,
      count: 50_000,
      window: 500,
      idPrefix: 'hostile',
      write: (i, id) => publish(id, hostile[i % hostile.length] ?? '', 'hostile.example'),
    });
    const commands = blast({
      ...load,
      count: 10_000,
      window: 100,
      idPrefix: 'command',
      write: (i, id) => register(id, `user-${i % 10}@hostile.example/x`, i.toString(16).padStart(64, 'c')),
    });
    const others = await blast({
      ...load,
      count: 2_000,
      window: 5,
      idPrefix: 'innocent',
      write: (i, id) => publish(id, innocent[i % innocent.length] ?? '', 'localhost'),
    });
    const [flood, orders] = await Promise.all([publishes, commands]);
    const afterwards = await blast({
      ...load,
      count: 100,
      window: 10,
      idPrefix: 'afterwards',
      write: (i, id) => publish(id, [...innocent, ...hostile][i] ?? '', i < 50 ? 'localhost' : 'hostile.example'),
    });

    assert.deepEqual([...others.answers], [['result', 2_000]]);
    const p99Ms = others.latenciesMs.toSorted()[Math.floor(others.latenciesMs.length * 0.99)] ?? Number.NaN;
    console.log(`p99 of the other server ${p99Ms.toFixed(0)} ms; flood: ${[...flood.answers].join(' ')}`);

    // A limit must not cost a registration: neither answer deletes one at any server.
    assert.deepEqual(
      new Set(flood.answers.keys()).difference(new Set(['result', 'wait/internal-server-error'])),
      new Set(),
    );
    assert.ok((flood.answers.get('wait/internal-server-error') ?? 0) > 44_000);
    assert.equal(flood.unanswered, 0);
    // All accounts together may use the server's limit, and what some minutes add.
    assert.ok((orders.answers.get('result') ?? 0) <= 510, [...orders.answers].join(' '));
    assert.equal(orders.unanswered, 0);
    assert.equal(afterwards.answers.get('item-not-found'), undefined);
    assert.equal(afterwards.unanswered, 0);

    const text = await (await fetch(`${world.sealpost.opsUrl}/metrics`)).text();
    const metric = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.slice(name.length),
      );
    assert.ok(metric('sealpost_dropped_total{app="-",cause="rate-limited"}') > 44_000);
    assert.ok(metric('sealpost_stanzas_rejected_total{link="push.localhost",reason="rate-limited"}') > 9_000);
    assert.ok(metric('sealpost_registrations{app="siskin"}') >= 100);
  } finally {
    await world.stop();
  }
});

function publish(id: string, node: string, from: string): string {
  return (
    `<iq type='set' from='${from}' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
    `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
    `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}

function register(id: string, from: string, token: string): string {
  return (
    `<iq type='set' from='${from}' to='push.localhost' id='${id}'><command xmlns='http://jabber.org/protocol/commands' ` +
    `node='register-device'><x xmlns='jabber:x:data' type='submit'><field var='provider'><value>${apns}</value></field>` +
    `<field var='device-token'><value>${token}</value></field></x></command></iq>`
  );
}
