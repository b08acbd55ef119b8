/** What a hostile, slow or unreliable XMPP server, or a user behind it, may do to the link; one row each. */
import assert from 'node:assert/strict';
import type { LinkTiming } from '../../../src/xmpp/stream/limits.ts';
import { eventually } from '../../support/process.ts';
import { startScriptedServer, streamHeader } from '../../xmpp/link/scripted-server.ts';
import { domain, type Stage } from './stage.ts';

export interface Row {
  readonly name: string;
  /** What happens to the connection: column `back within` of docs/withstands.md. */
  readonly fate: 'the connection stays' | 'connects anew';
  /** Most milliseconds from the attack until the link is up again, if it is not just the pause between attempts. */
  readonly backWithinMs?: (timing: LinkTiming) => number;
  /**
   * Runs the attack on the stage's connection; resolves once it is written. Calls `begin` to restart the measurement.
   */
  attack(stage: Stage, begin: () => void): Promise<void> | void;
}

const from = `from='romeo@example.org/x' to='${domain}'`;
const streamErrors = 'urn:ietf:params:xml:ns:xmpp-streams';
const pingIq = (id: string, attributes = from) =>
  `<iq type='get' id='${id}' ${attributes}><ping xmlns='urn:xmpp:ping'/></iq>`;
const streamError = (condition: string) => `<stream:error><${condition} xmlns='${streamErrors}'/></stream:error>`;

/** Bytes that end every stream, with publishes before them in the same packet and after them. */
function breaking(name: string, bytes: string | Uint8Array, condition: string): Row {
  return {
    name,
    fate: 'connects anew',
    async attack({ connection }) {
      const { peer } = connection;
      peer.send(Buffer.concat([Buffer.from(connection.publishes(3)), Buffer.from(bytes as string)]));
      await peer.until(
        new RegExp(`<stream:error><${condition} xmlns='${streamErrors}'/></stream:error></stream:stream>$`),
      );
      await peer.closed;
    },
  };
}

/** Stanzas that the connection survives; `answer` is the expected answer. */
function lasting(name: string, bytes: () => string | Uint8Array, answer: RegExp): Row {
  return {
    name,
    fate: 'the connection stays',
    async attack({ connection: { peer } }) {
      const before = peer.received.length;
      peer.send(bytes());
      const received = (await peer.until(answer)).slice(before);
      assert.ok(received.length < 4_096, 'nothing of it is echoed');
    },
  };
}

const badRequest = (id: string) => new RegExp(`<iq type='error' id='${id}' [^>]*><error type='wait'><bad-request `);
const bigStanza = (id: string, content: string) => `<iq type='set' id='${id}' ${from}>${content}</iq>`;

/** An IQ with this content is answered and affects nobody else. */
function wrong(name: string, id: string, content: string | Uint8Array): Row {
  const parts = [`<iq type='set' id='${id}' ${from}>`, content, '</iq>'];
  return lasting(name, () => Buffer.concat(parts.map((part) => Buffer.from(part as string))), badRequest(id));
}

/** The connection ends, and the next one meets this. */
function meeting(
  name: string,
  backWithinMs: Row['backWithinMs'],
  meet: (stage: Stage, begin: () => void) => Promise<void>,
): Row {
  return {
    name,
    fate: 'connects anew',
    ...(backWithinMs && { backWithinMs }),
    async attack(stage, begin) {
      stage.connection.peer.socket.end();
      await meet(stage, begin);
    },
  };
}

/** The next connection, with our header sent and its handshake received. */
async function atHandshake({ server }: Stage) {
  const peer = await server.next();
  await peer.until(/<stream:stream /);
  peer.send(streamHeader);
  await peer.until(/<handshake>/);
  return peer;
}

const afterRefusal = (timing: LinkTiming) => timing.refusedMs;

export const rows: readonly Row[] = [
  breaking('two mismatched end tags in one packet', '<iq><a></b></c></iq>', 'not-well-formed'),
  {
    name: 'a mismatched end tag, more in the next packet',
    fate: 'connects anew',
    async attack({ connection: { peer } }) {
      peer.send('<iq></b>');
      await peer.until(/<\/stream:stream>$/);
      peer.send(`<iq type='get' id='1' ${from}/></stream:stream>`);
      await peer.closed;
    },
  },
  breaking('an unclosed child and the next stanza', `<iq ${from}><x <iq/>`, 'not-well-formed'),
  breaking('a DOCTYPE with entities', '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY b "&a;&a;">]>', 'restricted-xml'),
  breaking('a comment that does not end', '<!-- ', 'restricted-xml'),
  breaking('a processing instruction', '<?x ?>', 'restricted-xml'),
  wrong('an unknown entity', 'entity', '&lol;'),
  wrong('a reference to no character', 'character', "<x a='&#0;'/>"),
  wrong('an attribute without value', 'value', '<x foo/>'),
  wrong('an attribute without quotes', 'quotes', '<x a=b></x>'),
  wrong('an attribute twice', 'twice', "<x a='1' a='2'/>"),
  wrong('a prefix that was not declared', 'prefix', '<evil:foo/>'),
  lasting(
    'an attribute with a prefix that was not declared',
    () => `<iq type='set' id='attribute-prefix' ${from} w:a='1'><x/></iq>`,
    badRequest('attribute-prefix'),
  ),
  lasting(
    'a stanza whose own prefix was not declared',
    () => `<evil:iq type='get' id='evil' ${from}/>${pingIq('after-evil')}`,
    /id='after-evil'/,
  ),
  wrong('bytes that are no UTF-8', 'utf8', Buffer.from([0xff])),
  wrong('a control character', 'control', '\u0001'),
  wrong('a comment in a stanza', 'comment', '<!-- </iq> -->'),
  wrong('a processing instruction in a stanza', 'instruction', '<?x </iq> ?>'),
  lasting(
    'xml: by another prefix',
    () =>
      `<iq type='get' id='xml' xmlns:ns1='http://www.w3.org/XML/1998/namespace' ns1:foo='y' ${from}>` +
      `<ping xmlns='urn:xmpp:ping'/></iq>`,
    /<iq type='result' id='xml'/,
  ),
  {
    name: '10,000 wrong stanzas between publishes',
    fate: 'the connection stays',
    async attack({ connection }) {
      const batch = `<message ${from}><evil:foo/></message><presence ${from} w:a='1'/>`.repeat(50);
      for (let sent = 0; sent < 100; sent += 1) connection.peer.send(batch + connection.publishes(1));
      await connection.whenAnswered();
    },
  },
  lasting(
    'a megabyte of namespace declarations',
    () => {
      const names = Array.from({ length: 30 }, (_, at) => ` xmlns:p${at}='u'`).join('');
      const levels = (tag: string) => Array.from({ length: 25 }, (_, at) => tag.replaceAll('p', `p${at}-`)).join('');
      const inside = "<a xmlns:q='u'/>".repeat(900);
      const stanza = `<message ${from}>${levels(`<a${names}>`)}${inside}${levels('</a>')}</message>`;
      return stanza.repeat(Math.ceil(1_048_576 / stanza.length)) + pingIq('after-names');
    },
    /id='after-names'/,
  ),
  lasting(
    "from='@'",
    () => pingIq('at', `from='@' to='${domain}'`),
    /<iq type='result' id='at' from='push.example.org' to='@'\/>/,
  ),
  lasting(
    "from='/x'",
    () => pingIq('slash', `from='/x' to='${domain}'`),
    /<iq type='result' id='slash' [^>]*to='\/x'\/>/,
  ),
  lasting("to='/x'", () => pingIq('nobody', "from='a@b' to='/x'") + pingIq('somebody'), /id='somebody'/),
  lasting(
    'CDATA',
    () => `<iq type='get' id='cdata' ${from}><![CDATA[ ]]><ping xmlns='urn:xmpp:ping'/></iq>`,
    /<iq type='result' id='cdata'/,
  ),
  lasting(
    'a stanza name with a prefix',
    () => `<c:iq xmlns:c='jabber:component:accept' type='get' id='prefix' ${from}><ping xmlns='urn:xmpp:ping'/></c:iq>`,
    /<iq type='result' id='prefix'/,
  ),
  {
    name: 'a stream that comes byte by byte, its declaration split',
    fate: 'connects anew',
    async attack(stage) {
      stage.connection.peer.socket.end();
      const peer = await stage.server.next();
      await peer.until(/<stream:stream /);
      const dribble = async (text: string) => {
        for (const byte of Buffer.from(text)) {
          await new Promise((resolve) => void peer.socket.write(Uint8Array.of(byte), resolve));
          await new Promise((resolve) => void setImmediate(resolve));
        }
      };
      await dribble(streamHeader);
      await peer.until(/<handshake>/);
      await dribble(`<handshake/>${pingIq('Ä\u{1F600}', `from='jürgen@grüße.example/\u{1F4F1}' to='${domain}'`)}`);
      await peer.until(
        /<iq type='result' id='Ä\u{1F600}' from='push.example.org' to='jürgen@grüße.example\/\u{1F4F1}'\/>/u,
      );
      peer.socket.end();
    },
    backWithinMs: (timing) => 2 * timing.retryMaxMs,
  },
  lasting(
    'a publish of 100 KB',
    () =>
      bigStanza(
        'publish-100k',
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item><notification xmlns='urn:xmpp:push:0'>" +
          `<encrypted xmlns='tigase:push:encrypt:0' iv='AAAA'>${'A'.repeat(102_400)}</encrypted>` +
          '</notification></item></publish></pubsub>',
      ),
    badRequest('publish-100k'),
  ),
  lasting('16 MB of text in a stanza', () => bigStanza('text', 'x'.repeat(16 * 1_048_576)), badRequest('text')),
  lasting(
    'an attribute of 4 MB',
    () => bigStanza('attribute', `<x a='${'y'.repeat(4 * 1_048_576)}'/>`),
    badRequest('attribute'),
  ),
  lasting('a tag name of 16 MB', () => `<${'n'.repeat(16 * 1_048_576)}/>${pingIq('after-name')}`, /id='after-name'/),
  lasting(
    '100,000 levels of elements',
    () => bigStanza('levels', '<x>'.repeat(1e5) + '</x>'.repeat(1e5)),
    badRequest('levels'),
  ),
  lasting(
    'a thousand attributes',
    () => bigStanza('attributes', `<a ${Array.from({ length: 1_000 }, (_, at) => `b${at}='1'`).join(' ')}/>`),
    badRequest('attributes'),
  ),
  {
    name: '100 MB of small elements in a stanza',
    fate: 'the connection stays',
    async attack({ connection: { peer } }) {
      peer.send(`<iq type='set' id='elements' ${from}>`);
      const piece = Buffer.from("<a b='1'/>".repeat(104_858));
      for (let sent = 0; sent < 100; sent += 1) {
        if (!peer.socket.write(piece)) await new Promise((resolve) => void peer.socket.once('drain', resolve));
      }
      peer.send('</iq>');
      await peer.until(badRequest('elements'));
    },
  },
  {
    name: 'a stream error without condition',
    fate: 'connects anew',
    async attack({ connection }) {
      connection.peer.send(`${connection.publishes(3)}<stream:error/>`);
      await connection.peer.closed;
    },
  },
  {
    name: '</stream:stream>, the socket left open',
    fate: 'connects anew',
    async attack({ connection: { peer } }) {
      peer.socket.allowHalfOpen = true;
      peer.send('</stream:stream>');
      await peer.until(/<\/stream:stream>$/);
      peer.send(`<iq type='get' id='1' ${from}/>`);
    },
  },
  {
    name: 'FIN in mid-stanza',
    fate: 'connects anew',
    attack({ connection: { peer } }) {
      peer.socket.end(`<iq type='get' id='half' ${from}><ping xml`);
    },
  },
  {
    name: 'RST in mid-stanza',
    fate: 'connects anew',
    async attack({ connection }) {
      const half = `${connection.publishes(3)}<iq type='get' id='half' ${from}><ping xml`;
      await new Promise((resolve) => void connection.peer.socket.write(half, resolve));
      connection.peer.socket.resetAndDestroy();
    },
  },
  meeting(
    'a stream header that never comes',
    (timing) => timing.headerMs + 2 * timing.retryMaxMs,
    async ({ server }) => (await server.next()).closed,
  ),
  meeting(
    'an acknowledged handshake that never comes',
    (timing) => timing.handshakeMs + 2 * timing.retryMaxMs,
    async (stage) => (await atHandshake(stage)).closed,
  ),
  meeting(
    'an acknowledged handshake that comes too late',
    (timing) => timing.handshakeMs + 2 * timing.retryMaxMs,
    async (stage) => {
      const peer = await atHandshake(stage);
      await peer.until(/<\/stream:stream>$/);
      peer.send(`<handshake/>${pingIq('late')}`);
      await peer.closed;
      assert.doesNotMatch(peer.received, /id='late'/);
    },
  ),
  meeting('a wrong secret', afterRefusal, async (stage, begin) => {
    const peer = await atHandshake(stage);
    peer.send(streamError('not-authorized'));
    await peer.closed;
    begin();
  }),
  {
    name: 'an invitation to another host',
    fate: 'connects anew',
    backWithinMs: afterRefusal,
    async attack({ connection: { peer } }) {
      const elsewhere = await startScriptedServer();
      peer.send(
        `<stream:error><see-other-host xmlns='${streamErrors}'>127.0.0.1:${elsewhere.port}</see-other-host></stream:error>`,
      );
      await peer.closed;
      await new Promise((resolve) => void setTimeout(resolve, 200));
      assert.equal(elsewhere.connections, 0);
      await elsewhere.close();
    },
  },
  {
    name: 'a conflict with another process',
    fate: 'connects anew',
    backWithinMs: afterRefusal,
    async attack({ connection: { peer } }) {
      peer.send(streamError('conflict'));
      await peer.closed;
    },
  },
  {
    name: 'a server that says nothing more',
    fate: 'connects anew',
    backWithinMs: (timing) => timing.idleMs + timing.pongMs + 1_000 + timing.retryMaxMs,
    async attack({ connection }) {
      connection.fallSilent();
      await connection.peer.closed;
    },
  },
  {
    name: 'a server that does not read',
    fate: 'connects anew',
    backWithinMs: (timing) => timing.pongMs + 2_000 + timing.retryMaxMs,
    async attack({ connection }, begin) {
      const { peer } = connection;
      connection.fallSilent();
      peer.socket.pause();
      const batch = pingIq('unread').repeat(10_000);
      let stuck = false;
      while (!stuck && !peer.socket.destroyed) {
        stuck =
          !peer.socket.write(batch) &&
          !(await Promise.race([
            new Promise((resolve) => void peer.socket.once('drain', () => resolve(true))),
            new Promise((resolve) => void setTimeout(() => resolve(false), 500)),
          ]));
      }
      begin();
    },
  },
  {
    name: '200,000 publishes at once, slow providers',
    fate: 'the connection stays',
    async attack({ connection, providers, metric }) {
      for (const standIn of [providers.apns, providers.fcm]) standIn.script('*', { delayMs: 300 });
      try {
        for (let sent = 0; sent < 200; sent += 1) {
          const batch = connection.publishes(1_000);
          if (!connection.peer.socket.write(batch)) {
            await new Promise((resolve) => void connection.peer.socket.once('drain', resolve));
          }
        }
        await connection.whenAnswered(60_000);
        const inFlight = await metric(/^sealpost_pushes_in_flight\{app="siskin"\} (\d+)$/m);
        assert.ok(inFlight <= 500);
      } finally {
        for (const standIn of [providers.apns, providers.fcm]) standIn.script('*', undefined);
      }
      await eventually(
        'nothing is in flight',
        async () => (await metric(/^sealpost_pushes_in_flight\{app="siskin"\} (\d+)$/m)) === 0 || undefined,
      );
    },
  },
];

/** Attacks that need a server or a network of their own. */
export const stopped = 'a server process that is stopped (SIGSTOP)';
export const halfOpen = 'a connection half open, with data unacknowledged';
