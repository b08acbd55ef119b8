import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { systemClock } from '../../../src/time/clock.ts';
import { createAcceptor } from '../../../src/harness/server/acceptor.ts';
import { createClient } from '../../../src/harness/clients/client.ts';
import { type ClientModel, siskin, stork } from '../../../src/harness/clients/models.ts';
import { ejabberd, type Flavour, prosody13, reference, tigase } from '../../../src/harness/server/server-flavours.ts';
import { createXmppServer } from '../../../src/harness/server/xmpp-server.ts';
import { soon } from '../../support/clock.ts';

const registered =
  `<command xmlns='http://jabber.org/protocol/commands' node='register-device' status='completed'>` +
  `<x xmlns='jabber:x:data' type='result'><field var='node' type='text-single'><value>N</value></field>` +
  `<field var='features' type='text-multi'><value>tigase:push:encrypt:0</value></field>` +
  `<field var='max-payload-size' type='text-single'><value>500</value></field></x></command>`;
const notFound = `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;

/** A server and a component by hand that answers by what `answer` makes of each stanza. */
async function play(t: TestContext, flavour: Flavour, answer: (xml: string) => string) {
  const acceptor = await createAcceptor({
    components: new Map([['push.example.com', 's']]),
    clock: systemClock,
    randomBytes,
  });
  t.after(() => acceptor.close());
  const server = createXmppServer({ acceptor, domain: 'example.net', flavour, clock: systemClock, randomBytes });
  const socket = connect(acceptor.port, '127.0.0.1').setEncoding('utf8');
  // The acceptor goes away first.
  socket.on('error', () => socket.destroy());
  socket.write(
    `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='push.example.com'>`,
  );
  const [header] = (await once(socket, 'data')) as [string];
  const id = /\bid='([^']+)'/.exec(header)?.[1] ?? '';
  socket.write(`<handshake>${createHash('sha1').update(`${id}s`).digest('hex')}</handshake>`);
  assert.deepEqual(await once(socket, 'data'), ['<handshake/>']);
  const seen: string[] = [];
  let rest = '';
  socket.on('data', (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf('</iq>'); end >= 0; end = rest.indexOf('</iq>')) {
      const xml = rest.slice(0, end + 5);
      rest = rest.slice(end + 5);
      seen.push(xml);
      const [, iqId = ''] = /\bid='([^']+)'/.exec(xml) ?? [];
      const [, from = ''] = /\bfrom='([^']+)'/.exec(xml) ?? [];
      const content = answer(xml);
      const type = content.startsWith('<error') ? 'error' : 'result';
      socket.write(`<iq type='${type}' from='push.example.com' to='${from}' id='${iqId}'>${content}</iq>`);
    }
  });
  const join = (model: ClientModel) =>
    createClient({
      model,
      account: server.account('romeo'),
      component: 'push.example.com',
      tokens: { token: '9F3C', secondToken: '77ab' },
      randomBytes,
    });
  return { acceptor, server, socket, seen, join, romeo: server.account('romeo') };
}

const message = { kind: 'message', from: 'juliet@example.com/balcony', body: 'Wherefore art thou, Romeo?' } as const;

test('xmpp server - a client registers, enables sealing and is told of a message', async (t) => {
  const { join, romeo, seen } = await play(t, reference, (xml) => (xml.includes('register-device') ? registered : ''));
  const client = join(siskin);
  assert.equal((await client.register()).kind, 'registered');
  assert.equal(client.enable().kind, 'result');
  assert.equal(client.key?.length, 16);
  const [report, ...others] = await romeo.notify(message);
  assert.ok(report);
  assert.equal(others.length, 0);
  assert.deepEqual([report.answer.kind, report.kept, report.device.sealing?.maxSizeBytes], ['result', true, 500]);
  assert.equal(
    report.publish.sealed?.content.json,
    '{"unread":1,"sender":"juliet@example.com","type":"chat","message":"Wherefore art thou, Romeo?"}',
  );
  assert.equal(seen.at(-1), report.publish.xml);
  assert.ok(!report.publish.xml.includes('Wherefore'));
});

test('xmpp server - unread messages are counted until they are read elsewhere', async (t) => {
  const { join, romeo } = await play(t, reference, (xml) => (xml.includes('register-device') ? registered : ''));
  const client = join(siskin);
  await client.register();
  client.enable();
  await romeo.notify(message);
  await romeo.notify({ kind: 'receipt', from: 'juliet@example.com/balcony' });
  const [third] = await romeo.notify(message);
  assert.equal(third?.publish.sealed?.content.payload.unread, 2);
  const [read] = await romeo.notify({ kind: 'read-elsewhere' });
  assert.match(read?.publish.xml ?? '', /<field var='message-count'><value>0<\/value><\/field>/);
  assert.equal(romeo.unread, 0);
});

test('xmpp server - the key stays over enabling again, and sealing ends where it is not asked for', async (t) => {
  const { join, romeo } = await play(t, reference, (xml) => (xml.includes('register-device') ? registered : ''));
  const client = join(siskin);
  await client.register();
  client.enable();
  const { key } = client;
  client.enable({ sealed: false });
  const [plain] = await romeo.notify(message);
  assert.match(plain?.publish.xml ?? '', /<field var='last-message-body'><value>Wherefore/);
  client.enable();
  assert.equal(client.key, key);
  const [sealed] = await romeo.notify(message);
  assert.ok(sealed?.publish.sealed);
});

test('xmpp server - nothing is published after disabling', async (t) => {
  const { join, romeo } = await play(t, reference, (xml) => (xml.includes('register-device') ? registered : ''));
  const client = join(siskin);
  await client.register();
  client.enable();
  client.disable();
  assert.deepEqual(await romeo.notify(message), []);
  client.enable();
  client.disable({ everywhere: true });
  assert.deepEqual(await romeo.notify(message), []);
});

test('xmpp server - each server drops the device when its rule says so', async (t) => {
  for (const [flavour, publishes] of [
    [ejabberd, 1],
    [tigase, 1],
    [prosody13, 16],
  ] as const) {
    const { join, romeo } = await play(t, flavour, (xml) => (xml.includes('register-device') ? registered : notFound));
    const client = join(stork);
    await client.register();
    client.enable();
    let told = 0;
    for (let tries = 0; romeo.devices.size > 0 && tries < 20; tries += 1) told += (await romeo.notify(message)).length;
    assert.equal(told, publishes, flavour.name);
  }
});

test('xmpp server - events that a server has no push for cause none', async (t) => {
  const { join, romeo } = await play(t, ejabberd, (xml) => (xml.includes('register-device') ? registered : ''));
  const client = join(stork);
  await client.register();
  client.enable();
  assert.deepEqual(await romeo.notify({ kind: 'chat-state', from: 'juliet@example.com/balcony' }), []);
});

test('xmpp server - unregistering an unknown device is as good as success, another error is not', async (t) => {
  let content = notFound;
  const { join } = await play(t, reference, () => content);
  assert.equal(await join(siskin).unregister(), 'done');
  content = notFound.replace('item-not-found', 'internal-server-error');
  assert.deepEqual(await join(siskin).unregister(), { refused: 'internal-server-error' });
});

test('xmpp server - discovery reads what the component says of itself', async (t) => {
  const { join, seen } = await play(
    t,
    reference,
    () =>
      `<query xmlns='http://jabber.org/protocol/disco#info'><identity category='pubsub' type='push'/>` +
      `<feature var='urn:xmpp:push:0'/><feature var='fcm-xmpp-api'/></query>`,
  );
  assert.equal(await join(stork).discover(), true);
  assert.equal(await join(siskin).discover(), false);
  assert.match(
    seen[0] ?? '',
    /^<iq type='get' id='[0-9a-f]+' from='romeo@example.net\/phone' to='push.example.com'><query xmlns='http:\/\/jabber.org\/protocol\/disco#info'\/><\/iq>$/,
  );
});

test('xmpp server - a ping of the component is answered, and nothing else is offered', async (t) => {
  const { socket } = await play(t, reference, () => '');
  socket.write(`<iq type='get' from='push.example.com' to='example.net' id='p'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const [pong] = (await soon('a pong', once(socket, 'data'))) as [string];
  assert.equal(pong, `<iq type='result' from='example.net' to='push.example.com' id='p'/>`);
  socket.write(
    `<iq type='get' from='push.example.com' to='example.net' id='v'><query xmlns='jabber:iq:version'/></iq>`,
  );
  const [refusal] = (await soon('a refusal', once(socket, 'data'))) as [string];
  assert.equal(
    refusal,
    `<iq type='error' from='example.net' to='push.example.com' id='v'><error type='cancel'>` +
      `<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
});

test('xmpp server - a revocation is obeyed by Tigase alone', async (t) => {
  for (const [flavour, left] of [
    [tigase, 0],
    [prosody13, 1],
  ] as const) {
    const { acceptor, join, romeo, socket } = await play(t, flavour, () => registered);
    const client = join(stork);
    await client.register();
    client.enable();
    const seen = new Promise((resolve) => acceptor.onStanza(resolve));
    socket.write(
      `<message type='headline' from='push.example.com' to='romeo@example.net'><pubsub xmlns='http://jabber.org/protocol/pubsub' ` +
        `node='N'><affiliation jid='romeo@example.net' affiliation='none'/></pubsub></message>`,
    );
    await soon('the revocation', seen);
    assert.equal(romeo.devices.size, left);
  }
});
