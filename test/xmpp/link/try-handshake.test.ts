import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/time/clock.ts';
import { tryHandshake } from '../../../src/xmpp/link/try-handshake.ts';
import { createSecret } from '../../support/secret.ts';
import { quietTelemetry } from '../../support/telemetry.ts';
import { linkTest } from './linked.ts';
import { startScriptedServer, streamHeader } from './scripted-server.ts';

async function trying(t: TestContext) {
  const server = await startScriptedServer();
  t.after(() => server.close());
  const secret = createSecret('s3cret');
  const options = { service: server.service, domain: 'push.example.org', secret, clock: systemClock };
  return { server, result: tryHandshake({ ...options, ...quietTelemetry() }) };
}

linkTest('try handshake - an accepted one ends the stream at once', async (t) => {
  const { server, result } = await trying(t);
  const peer = await server.next();
  await peer.accept();
  await peer.until(/<\/stream:stream>$/);
  peer.send('</stream:stream>');
  peer.socket.end();
  assert.deepEqual(await result, { kind: 'accepted' });
  assert.equal(server.connections, 1);
});

linkTest('try handshake - what the server hands it meanwhile is answered so that it is kept', async (t) => {
  const { server, result } = await trying(t);
  const peer = await server.next();
  await peer.until(/<stream:stream [^>]*>/);
  peer.send(streamHeader);
  await peer.until(/<handshake>/);
  // In one packet, as ejabberd may give a second connection a part of the stanzas.
  peer.send(
    "<handshake/><iq type='set' id='p1' from='example.org' to='push.example.org'>" +
      "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n1'/></pubsub></iq>",
  );
  const received = await peer.until(/<\/stream:stream>$/);
  assert.match(received, /<iq type='error' id='p1' [^>]*><error type='wait'><internal-server-error /);
  peer.socket.end();
  assert.deepEqual(await result, { kind: 'accepted' });
});

linkTest('try handshake - a refusal is named, and not tried again', async (t) => {
  const { server, result } = await trying(t);
  const peer = await server.next();
  await peer.until(/<stream:stream [^>]*>/);
  peer.send(`${streamHeader}<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`);
  assert.deepEqual(await result, { kind: 'refused', reason: 'conflict' });
  assert.equal(server.connections, 1);
});
