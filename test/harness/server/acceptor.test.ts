import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Element } from 'ltx';
import { systemClock } from '../../../src/time/clock.ts';
import {
  type Acceptor,
  type AcceptorOptions,
  createAcceptor,
  receivedLimit,
} from '../../../src/harness/server/acceptor.ts';
import { maxUnsentBytes } from '../../../src/harness/server/acceptor-connection.ts';
import { blast } from '../../../src/harness/server/blast.ts';
import { findMisdirected } from '../../../src/harness/server/misdirected.ts';
import { answerWord, attribute } from '../../../src/harness/server/stanza.ts';
import { manualClock, soon } from '../../support/clock.ts';

const components = new Map([
  ['push.example.com', 's3cret'],
  ['umlaut.example.com', 'schlüssel'],
]);

async function listen(t: TestContext, options: Partial<AcceptorOptions> = {}) {
  const acceptor = await createAcceptor({ components, clock: systemClock, randomBytes, ...options });
  t.after(() => acceptor.close());
  return acceptor;
}

/** A component by hand: writes literally, and waits until what came in matches. */
function open(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = once(socket, 'close');
  return {
    socket,
    closed,
    write: (xml: string) => socket.write(xml),
    async until(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(text);
        if (found) {
          text = text.slice(found.index + found[0].length);
          return found;
        }
        await Promise.race([once(socket, 'data'), closed.then(() => assert.fail(`closed; left: ${text}`))]);
      }
    },
  };
}

const header = (to: string) =>
  `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${to}'>`;

async function handshake(port: number, domain = 'push.example.com', secret = 's3cret') {
  const component = open(port);
  component.write(header(domain));
  const [, id] = await component.until(/<stream:stream [^>]*\bid='([^']+)'>/);
  component.write(
    `<handshake>${createHash('sha1')
      .update(id + secret)
      .digest('hex')}</handshake>`,
  );
  return component;
}

test('acceptor - the right secret is let in, in any script', async (t) => {
  const acceptor = await listen(t);
  await (await handshake(acceptor.port)).until(/<handshake\/>/);
  await (await handshake(acceptor.port, 'umlaut.example.com', 'schlüssel')).until(/<handshake\/>/);
  const connection = await acceptor.whenConnected('push.example.com', 1000);
  assert.equal(connection.domain, 'push.example.com');
  assert.equal(acceptor.connections.length, 2);
});

test('acceptor - the header may come byte by byte, after an XML declaration', async (t) => {
  const acceptor = await listen(t);
  const component = open(acceptor.port);
  for (const letter of `<?xml version='1.0'?>\n${header('push.example.com')}`) component.write(letter);
  const [whole] = await component.until(/<\?xml version='1.0'\?><stream:stream [^>]*>/);
  assert.match(whole, /xmlns='jabber:component:accept'/);
  assert.match(whole, /from='push.example.com'/);
});

/** Waits until the component has sent something that answers nothing. */
function firstReceived(acceptor: Acceptor): Promise<void> {
  return new Promise((resolve) => {
    acceptor.onStanza(() => resolve());
    if (acceptor.received.length > 0) resolve();
  });
}

const streamErrors: readonly [name: string, xml: string, condition: string][] = [
  ['a wrong secret', `${header('push.example.com')}<handshake>00</handshake>`, 'not-authorized'],
  ['a stanza before the handshake', `${header('push.example.com')}<iq id='a' type='get'/>`, 'not-authorized'],
  ['an unknown domain', header('other.example.com'), 'host-unknown'],
  ['a foreign namespace', `<stream:stream xmlns='jabber:client' to='push.example.com'>`, 'invalid-namespace'],
  ['mismatched tags', `${header('push.example.com')}<a></b>`, 'not-well-formed'],
  ['an unknown entity', `${header('push.example.com')}<a>&nbsp;</a>`, 'not-well-formed'],
];
for (const [name, xml, condition] of streamErrors) {
  test(`acceptor - ${name} ends the stream with ${condition}`, async (t) => {
    const acceptor = await listen(t);
    const component = open(acceptor.port);
    component.write(xml);
    await component.until(
      new RegExp(
        `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
      ),
    );
    await component.closed;
    assert.equal(acceptor.connections.length, 0);
  });
}

test('acceptor - addresses are checked as servers check them', async (t) => {
  const acceptor = await listen(t);
  for (const [xml, condition] of [
    [`<iq from='other.example.com' to='example.com' id='1' type='get'/>`, 'invalid-from'],
    [`<iq to='example.com' id='1' type='get'/>`, 'improper-addressing'],
    [`<iq from='push.example.com' id='1' type='get'/>`, 'improper-addressing'],
    [`<foo from='push.example.com' to='example.com'/>`, 'unsupported-stanza-type'],
  ] as const) {
    const component = await handshake(acceptor.port);
    await component.until(/<handshake\/>/);
    component.write(xml);
    await component.until(new RegExp(`<stream:error><${condition} `));
    await component.closed;
  }
  const component = await handshake(acceptor.port);
  component.write(`<message from='bot@push.example.com/x' to='example.com'/>`);
  await component.until(/<handshake\/>/);
  await firstReceived(acceptor);
  assert.equal(acceptor.received[0]?.name, 'message');
});

test('acceptor - a component that never finishes its handshake is cut off', async (t) => {
  const clock = manualClock();
  const acceptor = await listen(t, { clock, handshakeDeadlineMs: 10_000 });
  const component = open(acceptor.port);
  component.write(header('push.example.com'));
  await component.until(/<stream:stream /);
  clock.advance(10_000);
  await component.until(/<stream:error><connection-timeout /);
  await component.closed;
});

test('acceptor - a second connection meets conflict, replaces the first or shares, as set', async (t) => {
  const refusing = await listen(t);
  await (await handshake(refusing.port)).until(/<handshake\/>/);
  await (
    await handshake(refusing.port)
  ).until(/<stream:error><conflict [^>]*\/><text [^>]*>Component already connected</);

  const replacing = await listen(t, { onConflict: 'replace-old' });
  const old = await handshake(replacing.port);
  await old.until(/<handshake\/>/);
  await (await handshake(replacing.port)).until(/<handshake\/>/);
  await old.until(/<stream:error><conflict [^>]*\/><text [^>]*>Replaced by a new connection</);
  await old.closed;

  const sharing = await listen(t, { onConflict: 'accept' });
  await (await handshake(sharing.port)).until(/<handshake\/>/);
  await (await handshake(sharing.port)).until(/<handshake\/>/);
  assert.equal(sharing.connections.length, 2);
});

const addresses = { from: 'example.com', to: 'push.example.com' };

test('acceptor - answers find their requests, silence and loss are told apart', async (t) => {
  const clock = manualClock();
  const acceptor = await listen(t, { clock });
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const ask = (id: string) =>
    acceptor.request(
      { ...addresses, id, xml: `<iq type='set' from='example.com' to='push.example.com' id='${id}'/>` },
      5000,
    );

  const result = ask('a/+=');
  await component.until(/<iq type='set' from='example.com' to='push.example.com' id='a\/\+='\/>/);
  component.write(`<iq type='result' from='push.example.com' to='example.com' id='a/+='/>`);
  assert.equal(answerWord(await result), 'result');

  const refused = ask('b');
  component.write(
    `<iq type='error' from='push.example.com' to='example.com' id='b'><error type='cancel'>` +
      `<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>gone</text>` +
      `<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
  const error = await refused;
  assert.equal(answerWord(error), 'cancel/item-not-found');
  assert.ok(error.kind === 'error' && !error.conditionFirst && error.text === 'gone');

  const silent = ask('c');
  clock.advance(5000);
  assert.equal((await silent).kind, 'silence');

  const lost = ask('d');
  component.socket.destroy();
  assert.equal((await lost).kind, 'disconnected');
  assert.equal((await ask('e')).kind, 'disconnected');
});

test('acceptor - of several connections of a domain one that has ended gets nothing, and others may answer for it', async (t) => {
  const clock = manualClock();
  const acceptor = await listen(t, { clock, onConflict: 'accept' });
  const one = await handshake(acceptor.port);
  await one.until(/<handshake\/>/);
  const ask = (id: string) =>
    acceptor.request(
      { ...addresses, id, xml: `<iq type='get' from='example.com' to='push.example.com' id='${id}'/>` },
      5000,
    );
  const [answered, lost] = [ask('x'), ask('y')];
  await one.until(/id='y'/);
  const other = await handshake(acceptor.port);
  await other.until(/<handshake\/>/);
  one.write('</stream:stream>');
  await one.until(/<\/stream:stream>$/);
  assert.equal(acceptor.connections.length, 1);
  const third = ask('z');
  await other.until(/id='z'/);
  await one.closed;
  for (const id of ['x', 'z']) other.write(`<iq type='result' from='push.example.com' to='example.com' id='${id}'/>`);
  assert.deepEqual([answerWord(await answered), answerWord(await third)], ['result', 'result']);
  clock.advance(5000);
  assert.equal((await lost).kind, 'disconnected');
});

test('acceptor - a second answer to one IQ is a stray', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const answer = acceptor.request(
    { ...addresses, id: 'x', xml: `<iq type='get' from='example.com' to='push.example.com' id='x'/>` },
    5000,
  );
  const reply = `<iq type='result' from='push.example.com' to='example.com' id='x'/>`;
  component.write(`${reply}${reply}<iq type='get' from='push.example.com' to='example.com' id='end'/>`);
  assert.equal((await answer).kind, 'result');
  await firstReceived(acceptor);
  assert.equal(acceptor.strayAnswers.length, 1);
});

test('acceptor - an answer with the wrong addresses answers nothing', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const xml = `<iq type='get' from='example.com' to='push.example.com' id='x'/>`;
  const answer = acceptor.request({ ...addresses, id: 'x', xml }, 5000);
  component.write(`<iq type='result' from='push.example.com' to='example.com/x' id='x'/>`);
  component.write(`<iq type='result' from='push.example.com/x' to='example.com' id='x'/>`);
  component.write(`<iq type='result' from='push.example.com' to='example.com' id='x'/>`);
  assert.equal((await answer).kind, 'result');
  assert.equal(acceptor.strayAnswers.length, 2);
});

test('acceptor - an answer with an id that no request had is told from one that comes late', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const xml = `<iq type='get' from='example.com' to='push.example.com' id='x'/>`;
  const answer = acceptor.request({ ...addresses, id: 'x', xml }, 5000);
  component.write(`<iq type='result' from='push.example.com' to='example.com' id='y'/>`);
  component.write(`<iq type='result' from='push.example.com' to='example.com' id='x'/>`);
  component.write(`<iq type='result' from='push.example.com' to='example.com' id='x'/>`);
  component.write(`<iq type='get' from='push.example.com' to='example.com' id='end'/>`);
  assert.equal((await answer).kind, 'result');
  await firstReceived(acceptor);
  const idsOf = (stanzas: readonly Element[]) => stanzas.map((stanza) => attribute(stanza, 'id'));
  assert.deepEqual([idsOf(acceptor.strayAnswers), idsOf(acceptor.unaskedAnswers)], [['y', 'x'], ['y']]);
  const asked = { from: 'example.com', to: 'push.example.com' };
  assert.equal(findMisdirected(acceptor, { ...asked, id: 'z' }), 'answers come with ids that no request had');
  assert.equal(findMisdirected(acceptor, { ...asked, from: 'example.org', id: 'z' }), undefined);
  const elsewhere = findMisdirected(acceptor, { ...asked, from: 'example.com/r', id: 'x' });
  assert.equal(elsewhere, 'the answer goes to example.com, not to example.com/r, where the request came from');
});

test('acceptor - a stanza without end is not collected', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  component.write(`<message from='push.example.com' to='example.com'><body>${'x'.repeat(600 * 1024)}`);
  await component.until(/<stream:error><policy-violation /);
});

test('acceptor - elements nested without end are not collected', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  component.write('<message>'.repeat(101));
  await component.until(/<stream:error><policy-violation /);
});

test('acceptor - an XML declaration without end is not collected', async (t) => {
  const acceptor = await listen(t);
  const component = open(acceptor.port);
  component.write(`<?xml ${' '.repeat(2000)}`);
  await component.until(/<stream:error><policy-violation /);
});

test('acceptor - only the latest stanzas are remembered', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const last = new Promise<void>((resolve) => {
    acceptor.onStanza((stanza) => {
      if (stanza.attrs['id'] === String(receivedLimit + 4)) resolve();
    });
  });
  for (let index = 0; index < receivedLimit + 5; index += 1) {
    component.write(`<message from='push.example.com' to='example.com' id='${index}'/>`);
  }
  await soon('the last stanza', last);
  assert.equal(acceptor.received.length, receivedLimit);
  assert.equal(acceptor.received[0]?.attrs['id'], '5');
});

test('acceptor - a component that reads nothing is cut off', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  component.socket.pause();
  const xml = `<iq type='set' id='x'>${'x'.repeat(maxUnsentBytes + 8 * 1024 * 1024)}</iq>`;
  assert.equal((await acceptor.request({ ...addresses, id: 'x', xml }, 60_000)).kind, 'disconnected');
});

test('blast - all are sent, never more than the window unanswered, and each answer is counted', async (t) => {
  const acceptor = await listen(t);
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  let unanswered = 0;
  let most = 0;
  let rest = '';
  component.socket.on('data', (chunk: string) => {
    rest += chunk;
    const ids = [...rest.matchAll(/<iq id='([^']+)'\/>/g)].map((found) => found[1] ?? '');
    rest = rest.slice(rest.lastIndexOf('/>') + 2);
    unanswered += ids.length;
    most = Math.max(most, unanswered);
    setImmediate(() => {
      unanswered -= ids.length;
      for (const id of ids) {
        const error = `<error type='wait'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
        const content = id === 'blast-7' ? error : '';
        const type = content ? 'error' : 'result';
        component.write(`<iq type='${type}' from='push.example.com' to='example.com' id='${id}'>${content}</iq>`);
      }
    });
  });
  const report = await blast({
    acceptor,
    connection: await acceptor.whenConnected('push.example.com', 1000),
    clock: systemClock,
    count: 5000,
    window: 50,
    write: (_index, id) => `<iq id='${id}'/>`,
  });
  assert.equal(report.unanswered, 0);
  assert.deepEqual(Object.fromEntries(report.answers), { result: 4999, 'wait/internal-server-error': 1 });
  assert.ok(most <= 50 && most > 10, `window was ${most}`);
  assert.ok(report.latenciesMs.every((latency) => latency >= 0));
});

test('blast - an answer that never comes ends it after the stall time', async (t) => {
  const clock = manualClock();
  const acceptor = await listen(t, { clock });
  const component = await handshake(acceptor.port);
  await component.until(/<handshake\/>/);
  const connection = await acceptor.whenConnected('push.example.com', 1000);
  const report = blast({
    acceptor,
    connection,
    clock,
    count: 3,
    window: 3,
    stallMs: 2000,
    write: (_i, id) => `<iq id='${id}'/>`,
  });
  await component.until(/blast-2/);
  for (let second = 0; second < 3; second += 1) clock.advance(1000);
  assert.equal((await report).unanswered, 3);
});
