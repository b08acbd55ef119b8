import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRequests } from '../../../src/xmpp/link/requests.ts';
import type { IqReply, StanzaHandler } from '../../../src/xmpp/services/iq.ts';
import { manualClock } from '../../support/clock.ts';
import { recordedLog } from '../../support/telemetry.ts';
import { parseStanza } from '../stream/parse-stanza.ts';

const get = (id: string, more = '') =>
  parseStanza(
    `<iq type='get' id='${id}' from='romeo@example.net/x' to='push.example.org'><q xmlns='urn:q'/>${more}</iq>`,
  );
const notNow = 'wait internal-server-error';

/** An exchange and all that it told, in order; its handler answers when told to, or at once. */
function start(handle?: StanzaHandler) {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const told: string[] = [];
  const held = new Map<string, PromiseWithResolvers<IqReply>>();
  const exchange = createRequests({
    domain: 'push.example.org',
    handle:
      handle ??
      ((iq) => {
        const reply = Promise.withResolvers<IqReply>();
        held.set(iq.id, reply);
        return reply.promise;
      }),
    clock,
    answerMs: 25_000,
    log,
    reply(xml) {
      const [, type, id] =
        /^<iq type='(\w+)' id='(\w+)' from='push\.example\.org' to='romeo@example\.net\/x'/.exec(xml) ?? [];
      const error = /<error type='(\w+)'><([\w-]+) /.exec(xml);
      told.push(`${id} ${type}${error ? ` ${error[1]} ${error[2]}` : ''}`);
    },
    settled: () => void told.push(`settled, ${exchange.underWay} left`),
    rejected: (reason) => void told.push(`rejected ${reason}`),
  });
  const answer = async (id: string, reply: IqReply = { kind: 'result' }) => {
    held.get(id)?.resolve(reply);
    await new Promise((resolve) => void setImmediate(resolve));
  };
  return { exchange, clock, lines, told, held, answer };
}

it('exchange - each reply is followed by the word that one fewer is under way', async () => {
  const { exchange, told, answer } = start();
  for (const id of ['a', 'b', 'c']) exchange.receive(get(id));
  assert.equal(exchange.underWay, 3);
  await answer('b');
  await answer('a', { kind: 'error', error: 'item-not-found' });
  await answer('c');
  assert.deepEqual(told, [
    'b result',
    'settled, 2 left',
    'a error cancel item-not-found',
    'settled, 1 left',
    'c result',
    'settled, 0 left',
  ]);
});

it('exchange - what is answered at once was never under way', () => {
  const { exchange, told } = start(() => ({ kind: 'result' }));
  exchange.receive(get('a'));
  assert.equal(exchange.underWay, 0);
  assert.deepEqual(told, ['a result']);
});

it('exchange - what takes too long is answered for its handler at its time, the oldest first, and only once', async () => {
  const { exchange, clock, told, lines, answer } = start();
  exchange.receive(get('a'));
  clock.advance(1_000);
  exchange.receive(get('b'));
  clock.advance(23_999);
  exchange.expire();
  assert.deepEqual(told, []);
  clock.advance(1);
  exchange.expire();
  assert.deepEqual(told, [`a error ${notNow}`, 'settled, 1 left']);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"link":"push\.example\.org","durationMs":25000,"msg":"a request took too long/);
  await answer('a');
  await answer('b');
  assert.deepEqual(told.slice(2), ['b result', 'settled, 0 left']);
});

it('exchange - a handler that fails, at once or later, is answered for, with the kind of error alone in the log', async () => {
  const atOnce = start(() => {
    throw new TypeError('romeo@example.net is to blame');
  });
  atOnce.exchange.receive(get('a'));
  assert.deepEqual(atOnce.told, [`a error ${notNow}`]);
  const later = start(() => Promise.reject(new RangeError('romeo@example.net is to blame')));
  later.exchange.receive(get('a'));
  await later.exchange.whenIdle();
  assert.deepEqual(later.told, [`a error ${notNow}`, 'settled, 0 left']);
  assert.match(
    atOnce.lines.join(),
    /"link":"push\.example\.org","reason":"TypeError","msg":"a request could not be handled"/,
  );
  assert.match(later.lines.join(), /"reason":"RangeError"/);
  assert.doesNotMatch([...atOnce.lines, ...later.lines].join(), /romeo/);
});

it('exchange - once it refuses, requests are answered "not now" and reach no handler; those under way go on', async () => {
  const { exchange, told, held, answer } = start();
  exchange.receive(get('a'));
  exchange.refuseNew();
  exchange.receive(get('b'));
  assert.deepEqual([...held.keys()], ['a']);
  let isIdle = false;
  const idle = exchange.whenIdle().then(() => (isIdle = true));
  await new Promise((resolve) => void setImmediate(resolve));
  assert.equal(isIdle, false);
  await answer('a');
  assert.equal(isIdle, true);
  await idle;
  assert.deepEqual(told, [`b error ${notNow}`, 'a result', 'settled, 0 left']);
});

it('exchange - giving up answers for all that is under way, in their order', async () => {
  const { exchange, told, answer } = start();
  for (const id of ['a', 'b']) exchange.receive(get(id));
  exchange.giveUp();
  await exchange.whenIdle();
  assert.deepEqual(told, [`a error ${notNow}`, 'settled, 1 left', `b error ${notNow}`, 'settled, 0 left']);
  await answer('a');
  assert.equal(told.length, 4);
});

it('exchange - it is idle again after each time that it was not', async () => {
  const { exchange, answer } = start();
  await exchange.whenIdle();
  for (const id of ['a', 'b']) {
    exchange.receive(get(id));
    const idle = exchange.whenIdle();
    const first = await Promise.race([idle.then(() => 'idle'), answer('none').then(() => 'busy')]);
    assert.equal(first, 'busy');
    await answer(id);
    await idle;
  }
});

it('exchange - what is no request that can be understood is answered bad-request and counted, and what is no request not', () => {
  const { exchange, told } = start();
  exchange.receive(get('a', "<q xmlns='urn:q'/>"));
  assert.deepEqual(told.splice(0), ['a error wait bad-request', 'rejected malformed']);
  for (const xml of [
    "<iq type='get' from='romeo@example.net/x' to='push.example.org'><q xmlns='urn:q'/></iq>",
    "<iq type='get' id='a' from='romeo@example.net/x' to='else.example.org'><q xmlns='urn:q'/></iq>",
    "<iq type='get' id='a' to='push.example.org'><q xmlns='urn:q'/></iq>",
  ]) {
    exchange.receive(parseStanza(xml));
    assert.deepEqual(told.splice(0), ['rejected unanswerable'], xml);
  }
  for (const xml of [
    "<iq type='result' id='a' from='romeo@example.net/x' to='push.example.org'/>",
    "<iq type='error' id='a' from='romeo@example.net/x' to='push.example.org'/>",
    "<message id='a' from='romeo@example.net/x' to='push.example.org'/>",
  ]) {
    exchange.receive(parseStanza(xml));
    assert.deepEqual(told, [], xml);
  }
});

it('exchange - the head of what was skipped is answered bad-request, unless it is no request', () => {
  const { exchange, told } = start();
  exchange.refuse(parseStanza("<iq type='set' id='a' from='romeo@example.net/x' to='push.example.org'/>"));
  exchange.refuse(parseStanza("<iq type='result' id='b' from='romeo@example.net/x' to='push.example.org'/>"));
  exchange.refuse(parseStanza("<message id='c' from='romeo@example.net/x' to='push.example.org'/>"));
  assert.deepEqual(told, ['a error wait bad-request']);
});
