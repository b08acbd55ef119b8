import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { IqReply } from '../../../src/xmpp/services/iq.ts';
import type { Link } from '../../../src/xmpp/link/link.ts';
import { heldBytes } from './held-bytes.ts';
import { linkTest, pingIq, pong, startLinked, until } from './linked.ts';
import { type Peer, startScriptedServer, streamHeader } from './scripted-server.ts';

const from = "from='romeo@example.org/x' to='push.example.org'";
const badRequest =
  /<iq type='error' id='big' from='push.example.org' to='romeo@example.org\/x'><error type='wait'><bad-request /;

describe('link - a stream that cannot be read any further is ended and opened again', () => {
  const rows: [string, string | Uint8Array, string][] = [
    ['two mismatched end tags', '<iq><a></b></c></iq>', 'not-well-formed'],
    ['an unclosed child and the next stanza', `<iq ${from}><x <iq/>`, 'not-well-formed'],
    ['text between stanzas', 'x', 'not-well-formed'],
    ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY a "b">]>', 'restricted-xml'],
    ['a DOCTYPE in a stanza', `<iq ${from}><!DOCTYPE x></iq>`, 'restricted-xml'],
    ['a comment that does not end', '<!-- ', 'restricted-xml'],
    ['a processing instruction', '<?x ?>', 'restricted-xml'],
  ];
  for (const [name, bytes, condition] of rows) {
    linkTest(`link - ${name}`, async (t) => {
      const { online, again, link } = await startLinked(t);
      const peer = await online();
      peer.send(bytes);
      await peer.until(
        new RegExp(
          `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>$`,
        ),
      );
      await peer.closed;
      assertWaiting(link, 'malformed');
      const next = await again();
      next.send(pingIq('alive'));
      await next.until(/id='alive'/);
    });
  }

  linkTest('link - one mismatched tag, and more data in the next packet', async (t) => {
    const { online, again } = await startLinked(t);
    const peer = await online();
    peer.send('<iq></b>');
    await peer.until(/<\/stream:stream>$/);
    peer.socket.on('error', () => {});
    peer.send(`<iq type='get' id='1' ${from}/></stream:stream>`);
    await peer.closed;
    await again();
  });
});

describe('link - a fault within a stanza costs that stanza, which is answered, and the link stays', () => {
  const head = `<iq type='set' id='bad' ${from}`;
  const publish = (attribute: string, content: string) =>
    `${head}><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'${attribute}>${content}</publish></pubsub></iq>`;
  const answer =
    `<iq type='error' id='bad' from='push.example.org' to='romeo@example.org/x'><error type='wait'>` +
    `<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>` +
    `<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>` +
    `This request is malformed. Send it as the specification says.</text></error></iq>`;
  const bytes = (before: string, wrong: readonly number[], after: string) =>
    Buffer.concat([Buffer.from(before), Buffer.from(wrong), Buffer.from(after)]);
  const rows: [name: string, stanza: string | Uint8Array, reason: string, answer: string][] = [
    ['an undeclared prefix inside', publish('', '<evil:foo/>'), 'bad-namespace-prefix', answer],
    ['an undeclared prefix of an attribute inside', publish(" w:a='1'", ''), 'bad-namespace-prefix', answer],
    ['an undeclared prefix of its own attribute', `${head} w:a='1'/>`, 'bad-namespace-prefix', answer],
    ['an undeclared prefix of its own', `<evil:iq type='set' id='bad' ${from}/>`, 'bad-namespace-prefix', ''],
    ['a prefix for nothing', publish(" xmlns:p=''", ''), 'bad-namespace-prefix', answer],
    ['another meaning of xml, of its own', `${head} xmlns:xml='urn:x'><x/></iq>`, 'bad-namespace-prefix', answer],
    ['the meaning of xmlns', publish(" xmlns='http://www.w3.org/2000/xmlns/'", ''), 'invalid-namespace', answer],
    [
      'an attribute twice by two prefixes',
      `${head} xmlns:p='u' xmlns:q='u' p:a='1' q:a='1'><x/></iq>`,
      'not-well-formed',
      answer,
    ],
    ['an attribute twice', publish(" node='m'", ''), 'not-well-formed', answer],
    ['its own attribute twice', `<iq type='set' id='1' id='2' ${from}/>`, 'not-well-formed', ''],
    ['a bad name', publish('', '<1/>'), 'not-well-formed', answer],
    ['a name with two colons', publish('', '<a:b:c/>'), 'not-well-formed', answer],
    ['an attribute without value', publish(' foo', ''), 'not-well-formed', answer],
    ['its own attribute without value', `${head} foo></iq>`, 'not-well-formed', ''],
    ['an attribute without quotes', publish(' a=b', ''), 'not-well-formed', answer],
    ['a tag in an attribute', publish(" a='</iq>'", ''), 'not-well-formed', answer],
    ['an unknown entity', publish('', '&lol;'), 'not-well-formed', answer],
    ['an unknown entity in an attribute', publish(" a='&lol;'", ''), 'not-well-formed', answer],
    ['a reference to no character', publish('', '&#0;'), 'not-well-formed', answer],
    ['a reference to no character as its id', `<iq type='get' id='&#0;' ${from}/>`, 'not-well-formed', ''],
    ['a control character', publish('', '\u0001'), 'not-well-formed', answer],
    ['a control character in an attribute', publish(" a='\u0001'", ''), 'not-well-formed', answer],
    ['a control character in its own tag', `${head}\u0001/>`, 'not-well-formed', ''],
    ['U+FFFF', publish('', '\uffff'), 'not-well-formed', answer],
    ['invalid UTF-8', bytes(`${head}>`, [0xff], '</iq>'), 'not-well-formed', answer],
    ['an overlong less-than sign', bytes(`${head}>`, [0xc0, 0xbc], '</iq>'), 'not-well-formed', answer],
    ['half a character', bytes(`${head}><x>`, [0xf0, 0x9f], '</x></iq>'), 'not-well-formed', answer],
    ['invalid UTF-8 in a name', bytes(`${head}><x`, [0xed, 0xa0, 0x80], '/></iq>'), 'not-well-formed', answer],
    ['the end of CDATA in text', publish('', ']]>'), 'not-well-formed', answer],
    ['a comment', publish('', '<!-- </iq> -->'), 'restricted-xml', answer],
    ['a processing instruction', publish('', '<?php </iq> ?>'), 'restricted-xml', answer],
    ['an end tag with an attribute', `${head}><x></x a='1'></iq>`, 'not-well-formed', answer],
    ['its own end tag with an attribute', `${head}><x/></iq a='1'>`, 'not-well-formed', answer],
    ['too long, too', publish('', `<evil:foo/>${'x'.repeat(100_000)}`), 'bytes', answer],
    [
      'too deep, too',
      publish('', `<evil:foo/>${'<x>'.repeat(1_000)}${'</x>'.repeat(1_000)}`),
      'bad-namespace-prefix',
      answer,
    ],
    // RFC 6120 section 8.2.3: nothing is said to an answer, nor to what is no IQ; whoever answers it back would go on for ever.
    ['a wrong result', `<iq type='result' id='bad' ${from}><evil:x/></iq>`, 'bad-namespace-prefix', ''],
    ['a wrong error', `<iq type='error' id='bad' ${from}><evil:x/></iq>`, 'bad-namespace-prefix', ''],
    ['a wrong IQ without id', `<iq type='set' ${from}><evil:x/></iq>`, 'bad-namespace-prefix', ''],
    [
      'a wrong IQ to nobody here',
      `<iq type='set' id='bad' from='a@b' to='else.example.org'>&</iq>`,
      'not-well-formed',
      '',
    ],
    ['a wrong message', `<message id='bad' ${from}><evil:x/></message>`, 'bad-namespace-prefix', ''],
    ['a wrong presence', `<presence id='bad' ${from}><evil:x/></presence>`, 'bad-namespace-prefix', ''],
  ];
  for (const [name, stanza, reason, expected] of rows) {
    linkTest(`link - ${name}`, async (t) => {
      const { online, server, metrics } = await startLinked(t);
      const peer = await online();
      const before = peer.received.length;
      peer.send(
        Buffer.concat([pingIq('before'), stanza, stanza, pingIq('after')].map((part) => Buffer.from(part as string))),
      );
      await peer.until(/id='after'/);
      assert.equal(peer.received.slice(before), pong('before') + expected + expected + pong('after'));
      assert.equal(server.connections, 1);
      const rejected = (await metrics.stanzasRejected.get()).values.find(({ labels }) => labels.reason === reason);
      assert.equal(rejected?.value, 2);
    });
  }

  linkTest('link - every reason for rejecting a stanza has a counter that starts at 0', async (t) => {
    const { metrics } = await startLinked(t);
    const { values } = await metrics.stanzasRejected.get();
    assert.deepEqual(
      values.map(({ labels, value }) => `${labels.link} ${labels.reason} ${value}`),
      [
        ...['bytes', 'depth', 'attributes', 'nodes'],
        ...['bad-namespace-prefix', 'invalid-namespace', 'not-well-formed', 'restricted-xml'],
        ...['malformed', 'unanswerable', 'rate-limited'],
      ].map((reason) => `push.example.org ${reason} 0`),
    );
  });

  linkTest('link - wrong stanzas that come byte by byte', async (t) => {
    const { online, server } = await startLinked(t);
    const peer = await online();
    const before = peer.received.length;
    const wrong = [
      publish('', '<evil:foo/>'),
      bytes(`${head}>`, [0xf0, 0x9f, 0x28], '</iq>'),
      publish('', '&lol;]]><!-- -->'),
    ];
    for (const part of [...wrong, pingIq('after')]) {
      for (const byte of Buffer.from(part as string)) {
        await new Promise((resolve) => void peer.socket.write(Uint8Array.of(byte), resolve));
        await new Promise((resolve) => void setImmediate(resolve));
      }
    }
    await peer.until(/id='after'/);
    assert.equal(peer.received.slice(before), answer.repeat(3) + pong('after'));
    assert.equal(server.connections, 1);
  });

  linkTest('link - the log names the sender’s domain and the fault, at level debug', async (t) => {
    const { online, lines } = await startLinked(t);
    const peer = await online();
    peer.send(`${publish('', '<evil:foo/>')}<message ${from} w:a='secret'/>${pingIq('after')}`);
    await peer.until(/id='after'/);
    const told = lines.filter((line) => line.includes('skipped')).map((line) => JSON.parse(line) as object);
    const line = {
      link: 'push.example.org',
      domain: 'example.org',
      reason: 'bad-namespace-prefix',
      msg: 'a stanza was skipped',
    };
    assert.deepEqual(
      told.map((each) => ({ ...each, level: undefined, time: undefined })),
      [line, line].map((each) => ({ ...each, level: undefined, time: undefined })),
    );
    assert.doesNotMatch(lines.join(), /romeo|evil|secret/);
  });
});

describe('link - an unusual but well-formed stanza is answered, and the link stays', () => {
  const ping = "<ping xmlns='urn:xmpp:ping'/>";
  const rows: [string, string, RegExp][] = [
    [
      "from='@'",
      `<iq type='get' id='1' from='@' to='push.example.org'>${ping}</iq>`,
      /<iq type='result' id='1' from='push.example.org' to='@'\/>/,
    ],
    ["from='/x'", `<iq type='get' id='1' from='/x' to='push.example.org'>${ping}</iq>`, /to='\/x'\/>/],
    ['CDATA', `<iq type='get' id='1' ${from}><![CDATA[ ]]>${ping}</iq>`, /<iq type='result' id='1'/],
    [
      'a prefixed name',
      `<c:iq xmlns:c='jabber:component:accept' type='get' id='1' ${from}>${ping}</c:iq>`,
      /<iq type='result' id='1'/,
    ],
    [
      'the namespace of xml by another prefix',
      `<iq type='get' id='1' xmlns:ns1='http://www.w3.org/XML/1998/namespace' ns1:foo='y' ${from}>${ping}</iq>`,
      /<iq type='result' id='1'/,
    ],
    ['__proto__', `<iq type='get' id='1' __proto__='x' ${from}>${ping}</iq>`, /<iq type='result' id='1'/],
  ];
  for (const [name, stanza, answer] of rows) {
    linkTest(`link - ${name}`, async (t) => {
      const { online, server } = await startLinked(t);
      const peer = await online();
      peer.send(stanza);
      await peer.until(answer);
      assert.equal(server.connections, 1);
    });
  }

  linkTest("link - to='/x' is not for this component and gets no answer", async (t) => {
    const { online, metrics } = await startLinked(t);
    const peer = await online();
    peer.send(`<iq type='get' id='1' from='a@b' to='/x'>${ping}</iq>${pingIq('2')}`);
    assert.doesNotMatch(await peer.until(/id='2'/), /id='1'/);
    const rejected = (await metrics.stanzasRejected.get()).values.find(
      ({ labels }) => labels.reason === 'unanswerable',
    );
    assert.equal(rejected?.value, 1);
  });

  linkTest('link - characters split over packets, byte by byte, from the declaration on', async (t) => {
    const { link, server } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream /);
    const dribble = async (text: string) => {
      for (const byte of Buffer.from(text)) {
        await new Promise((resolve) => void peer.socket.write(Uint8Array.of(byte), resolve));
        await new Promise((resolve) => void setImmediate(resolve));
      }
    };
    await dribble(streamHeader);
    await peer.until(/<handshake>/);
    await dribble(`<handshake/>${pingIq('Ä\u20ac\u{1F600}', 'jürgen@grüße.example/\u{1F4F1}')}`);
    await peer.until(/id='Ä\u20ac\u{1F600}' from='push.example.org' to='jürgen@grüße.example\/\u{1F4F1}'\/>/u);
  });
});

describe('link - a stanza that is too big is skipped and answered, and the link stays', () => {
  const stanza = (content: string) => `<iq type='set' id='big' ${from}>${content}</iq>`;
  const rows: [string, string, 'bytes' | 'depth' | 'nodes' | 'attributes'][] = [
    [
      'a publish of 100 KB',
      stanza(
        "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item><notification xmlns='urn:xmpp:push:0'>" +
          `<encrypted xmlns='tigase:push:encrypt:0' iv='AAAA'>${'A'.repeat(102_400)}</encrypted>` +
          '</notification></item></publish></pubsub>',
      ),
      'bytes',
    ],
    ['16 MB of text', stanza('x'.repeat(16 * 1_048_576)), 'bytes'],
    ['an attribute of 4 MB', stanza(`<x a='${'y'.repeat(4 * 1_048_576)}'/>`), 'bytes'],
    ['100,000 levels', stanza('<x>'.repeat(1e5) + '</x>'.repeat(1e5)), 'depth'],
    ['10,000 small elements', stanza("<a b='1'/>".repeat(5_000)), 'nodes'],
    [
      'a thousand attributes',
      stanza(`<a ${Array.from({ length: 1_000 }, (_, at) => `b${at}='1'`).join(' ')}/>`),
      'attributes',
    ],
  ];
  for (const [name, bytes, reason] of rows) {
    linkTest(`link - ${name}`, async (t) => {
      const { online, server, metrics } = await startLinked(t);
      const peer = await online();
      peer.send(bytes + pingIq('after'));
      const received = await peer.until(/id='after'/);
      assert.match(received, badRequest);
      assert.ok(received.length < 2_000, 'nothing of it is echoed');
      assert.equal(server.connections, 1);
      const rejected = (await metrics.stanzasRejected.get()).values.find(({ labels }) => labels.reason === reason);
      assert.equal(rejected?.value, 1);
    });
  }

  linkTest('link - a head that is too big cannot be answered, and the link stays', async (t) => {
    const { online, server } = await startLinked(t);
    const peer = await online();
    peer.send(`<iq type='get' ${from} id='${'x'.repeat(100_000)}'/><${'n'.repeat(1_000_000)}/>${pingIq('after')}`);
    assert.doesNotMatch(await peer.until(/id='after'/), /<error/);
    assert.equal(server.connections, 1);
  });

  linkTest('link - an oversized id is not sent back', async (t) => {
    const { online } = await startLinked(t);
    const peer = await online();
    peer.send(pingIq('&apos;'.repeat(8_000)) + pingIq('after'));
    assert.ok((await peer.until(/id='after'/)).length < 1_000);
  });

  linkTest(
    'link - 100 MB of small elements in one stanza',
    async (t) => {
      const { online, server } = await startLinked(t);
      const peer = await online();
      const before = heldBytes();
      let most = 0;
      peer.send(`<iq type='set' id='big' ${from}>`);
      const piece = Buffer.from("<a b='1'/>".repeat(104_858));
      for (let sent = 0; sent < 100; sent += 1) {
        if (!peer.socket.write(piece)) await new Promise((resolve) => void peer.socket.once('drain', resolve));
        if (sent % 10 === 9) most = Math.max(most, heldBytes() - before);
      }
      peer.send(`</iq>${pingIq('after')}`);
      assert.match(await peer.until(/id='after'/), badRequest);
      assert.equal(server.connections, 1);
      assert.ok(most < 10 * 1_048_576, `${most} bytes`);
    },
    240_000,
  );
});

describe('link - servers that end, refuse or never start a stream', () => {
  linkTest('link - </stream:stream> with the socket left open', async (t) => {
    const { online, again, link, clock } = await startLinked(t);
    const peer = await online();
    peer.socket.allowHalfOpen = true;
    peer.send('</stream:stream>');
    await peer.until(/<\/stream:stream>$/);
    assertWaiting(link, 'stream-ended');
    peer.send(`<iq type='get' id='1' ${from}/>`);
    const next = await again();
    next.send(pingIq('alive'));
    await next.until(/id='alive'/);
    clock.advance(2_000);
    // The connection is gone: writing to it fails.
    await until(() => {
      peer.send(' ');
      return peer.socket.destroyed;
    });
  });

  const errors: [string, string, string][] = [
    ['an empty stream error', '<stream:error/>', 'stream-error'],
    [
      'a stream error of the future',
      "<stream:error><constructor xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
      'stream-error',
    ],
    [
      'system-shutdown',
      "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
      'system-shutdown',
    ],
  ];
  for (const [name, xml, reason] of errors) {
    linkTest(`link - ${name}`, async (t) => {
      const { online, again, link } = await startLinked(t);
      const peer = await online();
      peer.send(xml);
      await peer.closed;
      assert.ok(assertWaiting(link, reason) <= 500);
      await again();
    });
  }

  const refusals: [string, string][] = [
    ['not-authorized', 'handshake'],
    ['host-unknown', 'header'],
    ['conflict', 'handshake'],
    ['conflict', 'online'],
  ];
  for (const [condition, when] of refusals) {
    linkTest(`link - ${condition} (${when}): waits, and logs what to do`, async (t) => {
      const { link, server, clock, lines } = await startLinked(t);
      const refuse = async () => {
        const peer = await server.next();
        if (when === 'online') {
          await peer.accept();
          await link.whenOnline();
        } else {
          await peer.until(/<stream:stream/);
          peer.send(streamHeader);
          if (when === 'handshake') await peer.until(/<handshake>/);
        }
        peer.send(
          `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>go away</text></stream:error>`,
        );
        await peer.closed;
        const { status } = link;
        assert.ok(status.kind === 'waiting' && status.reason === condition && status.hint !== undefined);
        return status.retryInMs;
      };
      link.start();
      const waits: number[] = [];
      for (let attempt = 0; attempt < 6; attempt += 1) {
        const waitMs = await refuse();
        waits.push(waitMs);
        clock.advance(waitMs);
      }
      // The random number is always 0.5: three quarters of 30 s, doubled up to 5 min; standing by, of 5 s each time.
      const isStandBy = condition === 'conflict' && when === 'handshake';
      const growing = [22_500, 45_000, 90_000, 180_000, 225_000, 225_000];
      assert.deepEqual(waits, isStandBy ? growing.map(() => 3_750) : growing);
      assert.match(lines.join(), /"hint":/);
      assert.doesNotMatch(lines.join(), /go away|s3cret/);
    });
  }

  linkTest('link - two processes that evict each other do not do so every few seconds', async (t) => {
    const { link, online, server, clock, pass, until: reach } = await startLinked(t);
    let peer = await online();
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (let second = 0; second < 20; second += 1) {
        peer.send(' ');
        await turn();
        pass(1);
      }
      peer.send("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
      await reach('waiting');
      const { status } = link;
      assert.ok(status.kind === 'waiting');
      waits.push(status.retryInMs);
      clock.advance(status.retryInMs);
      peer = await server.next();
      await peer.accept();
      await link.whenOnline();
    }
    assert.deepEqual(waits, [22_500, 45_000, 90_000, 180_000]);
  });

  linkTest('link - see-other-host is not followed', async (t) => {
    const elsewhere = await startScriptedServer();
    t.after(() => elsewhere.close());
    const { link, server, clock } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    peer.send(
      `${streamHeader}<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>` +
        `127.0.0.1:${elsewhere.port}</see-other-host></stream:error>`,
    );
    await peer.closed;
    assertWaiting(link, 'see-other-host');
    clock.advance(30_000);
    await server.next();
    assert.equal(elsewhere.connections, 0);
  });

  linkTest('link - a header that never comes', async (t) => {
    const { link, server, clock, again } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    clock.advance(4_999);
    assert.equal(link.status.kind, 'connecting');
    clock.advance(1);
    assertWaiting(link, 'header-timeout');
    await peer.closed;
    await again();
  });

  linkTest('link - a header without id', async (t) => {
    const { link, server } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    peer.send(streamHeader.replace("id='s1'", ''));
    await peer.closed;
    assertWaiting(link, 'malformed');
  });

  const headers: [string, string][] = [
    ['an undeclared prefix', streamHeader.replace('id=', 'evil:id=')],
    ['a reference to no character', streamHeader.replace('s1', '&#0;')],
    ['a control character', streamHeader.replace('s1', '\u0001')],
    ['an id twice', streamHeader.replace('id=', "id='s0' id=")],
  ];
  for (const [name, header] of headers) {
    linkTest(`link - a header with ${name} ends the connection`, async (t) => {
      const { link, server, again } = await startLinked(t);
      link.start();
      const peer = await server.next();
      await peer.until(/<stream:stream/);
      peer.send(header);
      await peer.closed;
      assertWaiting(link, 'malformed');
      assert.doesNotMatch(peer.received, /<handshake>/);
      await again();
    });
  }

  const acknowledgements: [string, string][] = [
    ['an undeclared prefix', "<handshake evil:a='1'/>"],
    ['a wrong text', '<handshake>&lol;</handshake>'],
    ['more than any stanza may have', `<handshake>${'x'.repeat(100_000)}</handshake>`],
  ];
  for (const [name, acknowledgement] of acknowledgements) {
    linkTest(`link - an acknowledgement with ${name} is refused, and ends the connection at once`, async (t) => {
      const { link, server, again } = await startLinked(t);
      link.start();
      const peer = await server.next();
      await peer.until(/<stream:stream/);
      peer.send(streamHeader);
      await peer.until(/<handshake>/);
      peer.send(acknowledgement + pingIq('early'));
      await peer.closed;
      assertWaiting(link, 'malformed');
      assert.doesNotMatch(peer.received, /early/);
      await again();
    });
  }

  linkTest('link - an acknowledgement that never comes, or too late', async (t) => {
    const { link, server, clock, again } = await startLinked(t);
    link.start();
    const peer = await server.next();
    await peer.until(/<stream:stream/);
    peer.send(streamHeader);
    await peer.until(/<handshake>/);
    clock.advance(5_000);
    assertWaiting(link, 'handshake-timeout');
    peer.send(`<handshake/>${pingIq('late')}`);
    await peer.closed;
    assert.doesNotMatch(peer.received, /id='late'/);
    assert.equal(link.status.kind, 'waiting');
    await again();
  });

  linkTest('link - a connection that is never established', async (t) => {
    const mute = await startScriptedServer();
    t.after(() => mute.close());
    // TLS to a server that stays silent: connected, but never ready.
    const { link, clock } = await startLinked(t, { service: mute.service.replace('xmpp:', 'xmpps:') });
    link.start();
    const peer = await mute.next();
    clock.advance(5_000);
    assertWaiting(link, 'connect-timeout');
    await peer.closed;
  });

  linkTest('link - a port where nobody listens, and one where something else does', async (t) => {
    const { link, until: reach, lines } = await startLinked(t, { service: 'xmpp://127.0.0.1:1' });
    link.start();
    await reach('waiting');
    assertWaiting(link, 'connect-failed');
    assert.match(lines.join(), /ECONNREFUSED/);

    const web = await startLinked(t);
    web.link.start();
    const peer = await web.server.next();
    peer.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    await web.until('waiting');
    assertWaiting(web.link, 'malformed');
  });

  const endings: [string, (peer: Peer) => void][] = [
    ['FIN', ({ socket }) => void socket.end()],
    ['RST', ({ socket }) => void socket.resetAndDestroy()],
  ];
  for (const [name, end] of endings) {
    linkTest(`link - ${name} in mid-stanza: the next connection starts cleanly`, async (t) => {
      const { online, again } = await startLinked(t);
      const peer = await online();
      peer.send(`<iq type='get' id='half' ${from}><ping xml`);
      await turn();
      end(peer);
      const next = await again();
      next.send(pingIq('whole'));
      assert.doesNotMatch(await next.until(/id='whole'/), /half/);
    });
  }
});

describe('link - servers that hang', () => {
  const ownPing =
    /<iq type='get' id='ping-(\d+)' from='push.example.org' to='push.example.org'><ping xmlns='urn:xmpp:ping'\/><\/iq>/g;

  linkTest('link - a silent server is detected within 25 s', async (t) => {
    const { online, link, pass, again } = await startLinked(t);
    const peer = await online();
    pass(14);
    await turn();
    assert.equal([...peer.received.matchAll(ownPing)].length, 0);
    pass(1);
    await peer.until(/id='ping-1'/);
    pass(9);
    assert.equal(link.status.kind, 'online');
    pass(1);
    assertWaiting(link, 'ping-timeout');
    await again();
  });

  linkTest(
    'link - the number of pings grows, since their answers may arrive on another connection of the domain',
    async (t) => {
      const { online, pass, link, clock } = await startLinked(t);
      const peer = await online();
      pass(18);
      await peer.until(/id='ping-15'/);
      pass(6);
      await peer.until(/id='ping-191'/);
      assert.equal([...peer.received.matchAll(ownPing)].length, 191);
      peer.send(' ');
      await until(() => link.status.kind === 'online' && link.status.lastPongMs === clock.monotonic());
      pass(15);
      await peer.until(/id='ping-192'/);
      await turn();
      assert.equal([...peer.received.matchAll(ownPing)].length, 192);
    },
  );

  linkTest('link - after an answer that may not have arrived, within 15 s', async (t) => {
    const { online, link, pass } = await startLinked(t);
    const peer = await online();
    peer.send(pingIq('1'));
    await peer.until(/id='1'/);
    pass(5);
    await peer.until(/id='ping-1'/);
    pass(10);
    assertWaiting(link, 'ping-timeout');
  });

  linkTest('link - any data shows that it is alive', async (t) => {
    const { online, link, clock, pass } = await startLinked(t);
    const peer = await online();
    for (let each = 0; each < 10; each += 1) {
      pass(20);
      peer.send(each % 2 === 0 ? ' ' : `<iq type='error' id='ping-1' from='push.example.org' to='push.example.org'/>`);
      await until(() => link.status.kind === 'online' && link.status.lastPongMs === clock.monotonic());
    }
  });

  linkTest('link - a server that does not read is not read from any more, and then given up', async (t) => {
    const limits = { unsentBytes: 100_000 };
    let handled = 0;
    const { online, link, pass, again } = await startLinked(t, {
      limits,
      handle: () => {
        handled += 1;
        return { kind: 'result', payload: `<x>${'y'.repeat(60_000)}</x>` };
      },
    });
    const peer = await online();
    peer.socket.pause();
    for (let each = 0; each < 2_000; each += 1) peer.send(pingIq(`q-${each}`));
    await until(() => handled > 10);
    for (let each = 0; each < 50; each += 1) await turn();
    const stopped = handled;
    assert.ok(stopped < 1_500, 'it stopped reading before everything was answered');
    assert.equal(link.status.kind, 'online');
    pass(10);
    assert.equal(link.status.kind, 'online');
    pass(1);
    assertWaiting(link, 'stalled');
    assert.ok(handled - stopped < 400, 'at most what one packet holds came on top');
    await again();
  });

  linkTest(
    'link - 200,000 requests at once and a slow handler: a limited number at a time, each answered once',
    async (t) => {
      const total = 200_000;
      let atOnce = 0;
      let most = 0;
      const pending: (() => void)[] = [];
      const { online } = await startLinked(t, {
        limits: { inFlight: 500 },
        handle() {
          atOnce += 1;
          most = Math.max(most, atOnce);
          return new Promise<IqReply>((resolve) => {
            pending.push(() => {
              atOnce -= 1;
              resolve({ kind: 'result' });
            });
          });
        },
      });
      const peer = await online();
      let batch = '';
      for (let each = 0; each < total; each += 1) {
        batch += pingIq(`n${each}`);
        if (batch.length < 1_000_000 && each < total - 1) continue;
        peer.send(batch);
        batch = '';
      }
      let answered = 0;
      await until(() => {
        answered += pending.length;
        for (const answer of pending.splice(0)) answer();
        return answered === total;
      });
      const received = await peer.until(new RegExp(`id='n${total - 1}'`));
      const ids = [...received.matchAll(/<iq type='result' id='n(\d+)'/g)].map(([, id]) => id);
      assert.equal(ids.length, total);
      assert.equal(new Set(ids).size, total);
      // 500, and the rest of the packet in which the limit was reached.
      assert.ok(most < 500 + 65_536 / pingIq('n0').length, `${most}`);
    },
  );

  linkTest('link - while reading is paused, silence is no reason to give up', async (t) => {
    const held: ((reply: IqReply) => void)[] = [];
    const { online, link, pass } = await startLinked(t, {
      limits: { inFlight: 1 },
      handle: () => new Promise((resolve) => void held.push(resolve)),
    });
    const peer = await online();
    peer.send(pingIq('1'));
    await until(() => held.length === 1);
    pass(24);
    await turn();
    assert.equal(link.status.kind, 'online');
    held[0]?.({ kind: 'result' });
    await peer.until(new RegExp(pong('1')));
    pass(4);
    assert.equal(link.status.kind, 'online');
  });
});

/** Asserts that the link was lost for this reason; returns the milliseconds until the next attempt. */
function assertWaiting({ status }: Link, reason: string): number {
  assert.equal(status.kind, 'waiting');
  if (status.kind !== 'waiting') return Number.NaN;
  assert.equal(status.reason, reason);
  return status.retryInMs;
}

/** Lets the event loop deliver what is on its way. */
async function turn(): Promise<void> {
  for (let each = 0; each < 10; each += 1) await new Promise((resolve) => void setImmediate(resolve));
}
