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

/** Requests with a record of all events, in order. The handler answers when told to, or at once. */
function start(handle?: StanzaHandler) {
  const clock = manualClock();
  const { log, lines } = recordedLog();
  const told: string[] = [];
  const held = new Map<string, PromiseWithResolvers<IqReply>>();
  const requests = createRequests({
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
    finished: () => void told.push(`finished, ${requests.underWay} left`),
    rejected: (reason) => void told.push(`rejected ${reason}`),
  });
  const answer = async (id: string, reply: IqReply = { kind: 'result' }) => {
    held.get(id)?.resolve(reply);
    await new Promise((resolve) => void setImmediate(resolve));
  };
  return { requests, clock, lines, told, held, answer };
}

it('requests - each reply is followed by the event that one fewer is under way', async () => {
  const { requests, told, answer } = start();
  for (const id of ['a', 'b', 'c']) requests.receive(get(id));
  assert.equal(requests.underWay, 3);
  await answer('b');
  await answer('a', { kind: 'error', error: 'item-not-found' });
  await answer('c');
  assert.deepEqual(told, [
    'b result',
    'finished, 2 left',
    'a error cancel item-not-found',
    'finished, 1 left',
    'c result',
    'finished, 0 left',
  ]);
});

it('requests - a request that is answered at once was never under way', () => {
  const { requests, told } = start(() => ({ kind: 'result' }));
  requests.receive(get('a'));
  assert.equal(requests.underWay, 0);
  assert.deepEqual(told, ['a result']);
});

it('requests - a request that takes too long gets an error in time, the oldest first, and only once', async () => {
  const { requests, clock, told, lines, answer } = start();
  requests.receive(get('a'));
  clock.advance(1_000);
  requests.receive(get('b'));
  clock.advance(23_999);
  requests.expire();
  assert.deepEqual(told, []);
  clock.advance(1);
  requests.expire();
  assert.deepEqual(told, [`a error ${notNow}`, 'finished, 1 left']);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"link":"push\.example\.org","durationMs":25000,"msg":"a request took too long/);
  await answer('a');
  await answer('b');
  assert.deepEqual(told.slice(2), ['b result', 'finished, 0 left']);
});

it('requests - a handler that fails, at once or later, leads to an error, and the log has only its code', async () => {
  const atOnce = start(() => {
    throw new TypeError('romeo@example.net is to blame');
  });
  atOnce.requests.receive(get('a'));
  assert.deepEqual(atOnce.told, [`a error ${notNow}`]);
  const later = start(() => Promise.reject(new RangeError('romeo@example.net is to blame')));
  later.requests.receive(get('a'));
  await later.requests.whenIdle();
  assert.deepEqual(later.told, [`a error ${notNow}`, 'finished, 0 left']);
  assert.match(
    atOnce.lines.join(),
    /"link":"push\.example\.org","reason":"TypeError","msg":"a request could not be handled"/,
  );
  assert.match(later.lines.join(), /"reason":"RangeError"/);
  assert.doesNotMatch([...atOnce.lines, ...later.lines].join(), /romeo/);
});

it('requests - giveUp answers every request under way, in their order', async () => {
  const { requests, told, answer } = start();
  for (const id of ['a', 'b']) requests.receive(get(id));
  requests.giveUp();
  await requests.whenIdle();
  assert.deepEqual(told, [`a error ${notNow}`, 'finished, 1 left', `b error ${notNow}`, 'finished, 0 left']);
  await answer('a');
  assert.equal(told.length, 4);
});

it('requests - whenIdle resolves each time that no request is under way any more', async () => {
  const { requests, answer } = start();
  await requests.whenIdle();
  for (const id of ['a', 'b']) {
    requests.receive(get(id));
    const idle = requests.whenIdle();
    const first = await Promise.race([idle.then(() => 'idle'), answer('none').then(() => 'busy')]);
    assert.equal(first, 'busy');
    await answer(id);
    await idle;
  }
});

it('requests - a malformed request is answered with bad-request and counted, other stanzas are not', () => {
  const { requests, told } = start();
  requests.receive(get('a', "<q xmlns='urn:q'/>"));
  assert.deepEqual(told.splice(0), ['a error wait bad-request', 'rejected malformed']);
  for (const xml of [
    "<iq type='get' from='romeo@example.net/x' to='push.example.org'><q xmlns='urn:q'/></iq>",
    "<iq type='get' id='a' from='romeo@example.net/x' to='else.example.org'><q xmlns='urn:q'/></iq>",
    "<iq type='get' id='a' to='push.example.org'><q xmlns='urn:q'/></iq>",
  ]) {
    requests.receive(parseStanza(xml));
    assert.deepEqual(told.splice(0), ['rejected unanswerable'], xml);
  }
  for (const xml of [
    "<iq type='result' id='a' from='romeo@example.net/x' to='push.example.org'/>",
    "<iq type='error' id='a' from='romeo@example.net/x' to='push.example.org'/>",
    "<message id='a' from='romeo@example.net/x' to='push.example.org'/>",
  ]) {
    requests.receive(parseStanza(xml));
    assert.deepEqual(told, [], xml);
  }
});

it('requests - a skipped request is answered with bad-request by its start tag, other stanzas are not', () => {
  const { requests, told } = start();
  requests.refuse(parseStanza("<iq type='set' id='a' from='romeo@example.net/x' to='push.example.org'/>"));
  requests.refuse(parseStanza("<iq type='result' id='b' from='romeo@example.net/x' to='push.example.org'/>"));
  requests.refuse(parseStanza("<message id='c' from='romeo@example.net/x' to='push.example.org'/>"));
  assert.deepEqual(told, ['a error wait bad-request']);
});
