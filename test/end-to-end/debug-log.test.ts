import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from '../../src/telemetry/log.ts';
import { eventually } from '../support/process.ts';
import { startWorld } from '../support/sealpost.ts';

const ciphertext = Buffer.from('romeo, romeo, wherefore art thou romeo').toString('base64');

const publish = (id: string, node: string, from: string) =>
  `<iq type='set' from='${from}' to='push.localhost' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>` +
  `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>` +
  `<encrypted xmlns='tigase:push:encrypt:0' iv='AAECAwQFBgcICQoL'>${ciphertext}</encrypted>` +
  `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`;

test('debug log - the way of each push is told by fingerprints, with nothing that is secret', async () => {
  const world = await startWorld({ log: { level: 'debug' } });
  try {
    const token = 'd0'.repeat(32);
    const node = await world.register({ account: 'capulet@localhost', provider: 'tigase:messenger:apns:1', token });
    const registration = fingerprint(node);
    /** The lines about this device from now on, without times and what the machine's speed decides. */
    const linesOf = async (count: number, run: () => Promise<unknown>) => {
      const before = world.sealpost.lines.length;
      await run();
      const told = () =>
        world.sealpost.lines
          .slice(before)
          .map((line) => JSON.parse(line) as Record<string, unknown>)
          .filter((line) => line['registration'] === registration && line['level'] === 20);
      const lines = await eventually('it is told', () => (told().length >= count ? told() : undefined));
      return lines.map((line) => {
        const { time: _time, level: _level, durationMs: _duration, ...rest } = line;
        return rest;
      });
    };

    const [attempted, answered, ...others] = await linesOf(2, () => world.ask(publish('p1', node, 'localhost')));
    const id = world.apns.received.at(-1)?.headers['apns-id'];
    const device = { registration, app: 'siskin' };
    assert.deepEqual(others, []);
    assert.deepEqual(attempted, { ...device, push: 'alert', id, result: 'accepted', msg: 'a push was attempted' });
    const received = { domain: 'localhost', received: 'sealed', size: ciphertext.length, convention: 'tigase' };
    assert.deepEqual(answered, {
      ...{ ...device, ...received, push: 'alert', carries: 'sealed' },
      ...{ outcome: 'sent', answer: 'result', msg: 'a notification was answered' },
    });

    world.apns.script(token, { status: 429, reason: 'TooManyRequests', times: 1 });
    const [refused, queued, again, ended] = await linesOf(4, () => world.ask(publish('p2', node, 'localhost')));
    assert.deepEqual([refused?.['result'], refused?.['reason']], ['retry', 'TooManyRequests']);
    assert.deepEqual([queued?.['outcome'], queued?.['answer']], ['queued', 'result']);
    assert.deepEqual([again?.['result'], again?.['id']], ['accepted', refused?.['id']]);
    assert.deepEqual(
      [ended?.['outcome'], ended?.['msg'], ended?.['id']],
      ['sent', 'a queued push was tried', again?.['id']],
    );

    const [forbidden] = await linesOf(1, () => world.ask(publish('p3', node, 'montague.example')));
    assert.deepEqual(
      [forbidden?.['domain'], forbidden?.['outcome'], forbidden?.['answer'], forbidden?.['push']],
      ['montague.example', 'wrong-publisher', 'forbidden', undefined],
    );

    const all = world.sealpost.lines.join('\n');
    for (const secret of [token, node, ciphertext, 'capulet', 'AAECAwQFBgcICQoL', 's3cret']) {
      assert.ok(!all.includes(secret), secret);
    }
  } finally {
    await world.stop();
  }
});
