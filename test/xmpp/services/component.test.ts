import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAnswering, testApp, withoutText } from '../link/answering.ts';

const stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";
const bob = "from='bob@example.org/phone' to='push.example.org'";
const toBob = "from='push.example.org' to='bob@example.org/phone'";

const publish = (content: string, attributes = "id='p1' from='example.org' to='push.example.org'") =>
  `<iq type='set' ${attributes}><pubsub xmlns='http://jabber.org/protocol/pubsub'>${content}</pubsub></iq>`;
const sealed = (ciphertext: string) =>
  "<publish node='n1'><item><notification xmlns='urn:xmpp:push:0'>" +
  `<encrypted xmlns='tigase:push:encrypt:0' iv='mV0oxHfWpxZiwQcc'>${ciphertext}</encrypted>` +
  '</notification></item></publish>';

it('component - a publish is delivered and answered with result, id and addresses copied exactly', async () => {
  const answering = startAnswering();
  const id = 'rr-1-2-GmNXQAVWsMF5G/AQcYA8jJJ9pWc=-7&apos;&lt;&quot;&#9;&#x1F600;';
  const answer = await answering.ask(
    publish(
      sealed(Buffer.alloc(17).toString('base64')),
      `id='${id}' from='Example.ORG/0a&amp;b' to='Push.Example.org'`,
    ),
  );
  assert.equal(
    answer,
    `<iq type='result' id='rr-1-2-GmNXQAVWsMF5G/AQcYA8jJJ9pWc=-7&apos;&lt;&quot;&#9;\u{1F600}' ` +
      "from='Push.Example.org' to='Example.ORG/0a&amp;b'/>",
  );
  assert.deepEqual(answering.delivered, [
    {
      node: 'n1',
      publisher: 'Example.ORG/0a&b',
      content: { kind: 'sealed', ciphertext: 'AAAAAAAAAAAAAAAAAAAAAAA=', iv: 'mV0oxHfWpxZiwQcc', voip: false },
    },
  ]);
});

it('component - each answer of delivery has its error, the condition before the text', async () => {
  const rows = {
    'item-not-found': 'cancel',
    'internal-server-error': 'wait',
    'bad-request': 'wait',
    forbidden: 'auth',
  } as const;
  const answering = startAnswering();
  for (const [answer, type] of Object.entries(rows)) {
    answering.answer = answer as keyof typeof rows;
    assert.equal(
      withoutText(await answering.ask(publish(sealed('A'.repeat(24))))),
      "<iq type='error' id='p1' from='push.example.org' to='example.org'>" +
        `<error type='${type}'><${answer} ${stanzas}/></error></iq>`,
    );
  }
  const counted = (await answering.metrics.publishes.get()).values.map(({ labels, value }) => [labels.answer, value]);
  assert.deepEqual(Object.fromEntries(counted), {
    result: 0,
    'item-not-found': 1,
    'internal-server-error': 1,
    'bad-request': 1,
    forbidden: 1,
  });
});

it('component - the time from reading a publish to its answer is a histogram, which is there from the start', async () => {
  const answering = startAnswering();
  const counted = async () => {
    const text = await answering.metrics.registry.metrics();
    const read = (part: string) =>
      new RegExp(`^sealpost_publish_duration_seconds_${part}(?:\\{[^}]*link="push.example.org"[^}]*\\})? (\\S+)$`, 'm');
    return [read('count').exec(text)?.[1], read('sum').exec(text)?.[1]];
  };
  assert.deepEqual(await counted(), ['0', '0']);
  answering.takesMs = 1_500;
  await answering.ask(publish(sealed('A'.repeat(24))));
  assert.deepEqual(await counted(), ['1', '1.5']);
  // What is no publish that could be delivered has no way to measure.
  await answering.ask(publish(sealed('')));
  assert.deepEqual(await counted(), ['1', '1.5']);
});

it('component - a malformed publish is answered with wait and bad-request, and no text of it is repeated', async () => {
  const answering = startAnswering();
  const rows = [
    sealed(''),
    sealed('AAAA'),
    sealed('A_-A'.repeat(9)),
    sealed('A'.repeat(24)).replace(/ iv='.*?'/, ''),
    '<publish/>',
    "<publish node='n1'/>",
    "<publish node='n1'><item><x/></item></publish>",
  ];
  for (const content of rows) {
    assert.equal(
      withoutText(await answering.ask(publish(content))),
      "<iq type='error' id='p1' from='push.example.org' to='example.org'>" +
        `<error type='wait'><bad-request ${stanzas}/></error></iq>`,
      content,
    );
  }
  assert.deepEqual(answering.delivered, []);
});

it('component - any other request gets a matching error', async () => {
  const answering = startAnswering();
  const rows: [string, string][] = [
    [`<iq type='get' id='1' ${bob}><query xmlns='jabber:iq:last'/></iq>`, `cancel'><service-unavailable`],
    [`<iq type='set' id='1' ${bob}><query xmlns='jabber:iq:version'/></iq>`, `cancel'><service-unavailable`],
    [`<iq type='get' id='1' ${bob}><x xmlns='jabber:iq:version'/></iq>`, `cancel'><service-unavailable`],
    [`<iq type='get' id='1' ${bob}/>`, `wait'><bad-request`],
    [`<iq type='get' id='1' ${bob}>text</iq>`, `wait'><bad-request`],
    [
      `<iq type='get' id='1' ${bob}><ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/></iq>`,
      `wait'><bad-request`,
    ],
    [`<iq type='put' id='1' ${bob}><ping xmlns='urn:xmpp:ping'/></iq>`, `wait'><bad-request`],
    [`<iq id='1' ${bob}><ping xmlns='urn:xmpp:ping'/></iq>`, `wait'><bad-request`],
  ];
  for (const [question, error] of rows) {
    assert.equal(
      withoutText(await answering.ask(question)),
      `<iq type='error' id='1' ${toBob}><error type='${error} ${stanzas}/></error></iq>`,
      question,
    );
  }
});

it('component - messages, presences, results, errors and requests without address stay unanswered', async () => {
  const answering = startAnswering();
  const ping = "<ping xmlns='urn:xmpp:ping'/>";
  for (const stanza of [
    `<message id='1' ${bob}><body>hello</body></message>`,
    `<presence id='1' ${bob}/>`,
    `<iq type='result' id='1' ${bob}/>`,
    `<iq type='error' id='1' ${bob}>${ping}</iq>`,
    `<iq type='get' ${bob}>${ping}</iq>`,
    `<iq type='get' id='1' to='push.example.org'>${ping}</iq>`,
    `<iq type='get' id='1' from='' to='push.example.org'>${ping}</iq>`,
    `<iq type='get' id='1' from='bob@example.org/phone' to='other.example.org'>${ping}</iq>`,
    `<iq xmlns='jabber:client' type='get' id='1' ${bob}>${ping}</iq>`,
    `<handshake/>`,
    `<unknown xmlns='urn:example'/>`,
  ]) {
    assert.equal(await answering.ask(stanza), '', stanza);
  }
});

it('component - invalid JIDs are copied unread', async () => {
  const answering = startAnswering();
  for (const from of ['@', '/x', '@/', 'a@@b', 'Ä\u{1F600}@example.org/x']) {
    assert.equal(
      await answering.ask(
        `<iq type='get' id='1' from='${from}' to='push.example.org'><ping xmlns='urn:xmpp:ping'/></iq>`,
      ),
      `<iq type='result' id='1' from='push.example.org' to='${from}'/>`,
    );
  }
});

it('component - prefixed names are accepted', async () => {
  const answering = startAnswering();
  assert.equal(
    await answering.ask(
      `<c:iq xmlns:c='jabber:component:accept' type='get' id='1' ${bob}><p:ping xmlns:p='urn:xmpp:ping'/></c:iq>`,
    ),
    `<iq type='result' id='1' ${toBob}/>`,
  );
});

it('component - disco#info names a push service and the provider ids that it serves', async () => {
  const answering = startAnswering([
    testApp({ ids: ['tigase:messenger:apns:1', 'snikket:apns:1'] }),
    testApp({ name: 'stork', provider: 'fcm', ids: ['fcm-xmpp-api'] }),
    testApp({ name: 'monal', ids: ['monalProdiOS'], conventions: ['raw-token'] }),
  ]);
  const answer = await answering.ask(
    `<iq type='get' id='d1' ${bob}><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
  );
  assert.equal(
    answer,
    `<iq type='result' id='d1' ${toBob}><query xmlns='http://jabber.org/protocol/disco#info'>` +
      "<identity category='pubsub' type='push' name='Sealpost'/>" +
      "<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/>" +
      "<feature var='http://jabber.org/protocol/commands'/><feature var='urn:xmpp:push:0'/>" +
      "<feature var='http://jabber.org/protocol/pubsub'/><feature var='http://jabber.org/protocol/pubsub#publish'/>" +
      "<feature var='http://jabber.org/protocol/pubsub#publish-options'/>" +
      "<feature var='http://jabber.org/protocol/pubsub#access-whitelist'/>" +
      "<feature var='http://jabber.org/protocol/pubsub#publish-only-affiliation'/>" +
      "<feature var='tigase:push:encrypt:0'/>" +
      "<feature var='tigase:push:encrypt:aes-128-gcm'/><feature var='urn:xmpp:ping'/><feature var='jabber:iq:version'/>" +
      "<feature var='tigase:messenger:apns:1'/><feature var='snikket:apns:1'/><feature var='fcm-xmpp-api'/></query></iq>",
  );
});

it('component - disco knows the command nodes and no others', async () => {
  const answering = startAnswering();
  const ask = (kind: 'info' | 'items', node: string) =>
    answering.ask(
      `<iq type='get' id='d1' ${bob}><query xmlns='http://jabber.org/protocol/disco#${kind}' node='${node}'/></iq>`,
    );
  const result = (kind: 'info' | 'items', node: string, content: string) =>
    `<iq type='result' id='d1' ${toBob}><query xmlns='http://jabber.org/protocol/disco#${kind}' node='${node}'>${content}</query></iq>`;
  const commands = 'http://jabber.org/protocol/commands';
  assert.equal(
    await ask('items', commands),
    result(
      'items',
      commands,
      "<item jid='push.example.org' node='register-device' name='Register a device for push notifications'/>" +
        "<item jid='push.example.org' node='unregister-device' name='Unregister a device'/>",
    ),
  );
  assert.equal(
    await ask('info', 'unregister-device'),
    result(
      'info',
      'unregister-device',
      "<identity category='automation' type='command-node' name='Unregister a device'/>" +
        `<feature var='${commands}'/><feature var='jabber:x:data'/>`,
    ),
  );
  assert.equal(
    await ask('info', commands),
    result(
      'info',
      commands,
      `<identity category='automation' type='command-list' name='Commands'/><feature var='${commands}'/>`,
    ),
  );
  assert.equal(await ask('items', 'register-device'), result('items', 'register-device', ''));
  for (const kind of ['info', 'items'] as const) {
    assert.equal(
      withoutText(await ask(kind, 'nowhere')),
      `<iq type='error' id='d1' ${toBob}><error type='cancel'><item-not-found ${stanzas}/></error></iq>`,
    );
  }
});

it('component - ping and version are answered', async () => {
  const answering = startAnswering();
  assert.equal(
    await answering.ask(`<iq type='get' id='1' ${bob}><ping xmlns='urn:xmpp:ping'/></iq>`),
    `<iq type='result' id='1' ${toBob}/>`,
  );
  assert.equal(
    await answering.ask(`<iq type='get' id='2' ${bob}><query xmlns='jabber:iq:version'/></iq>`),
    `<iq type='result' id='2' ${toBob}><query xmlns='jabber:iq:version'><name>Sealpost</name><version>1.2.3</version></query></iq>`,
  );
});

it('component - an account beyond its share of commands is told to wait, and others are not', async () => {
  const answering = startAnswering();
  answering.exhausted.add('bob@example.org');
  const ask = (from: string) =>
    answering.ask(
      `<iq type='set' id='c1' from='${from}' to='push.example.org'>` +
        "<command xmlns='http://jabber.org/protocol/commands' node='register-device' action='complete'/></iq>",
    );
  assert.match(await ask('bob@example.org/phone'), /<error type='wait'><resource-constraint /);
  assert.match(await ask('carol@example.org/phone'), /<error type='modify'>/);
  const rejected = (await answering.metrics.stanzasRejected.get()).values;
  assert.deepEqual(
    rejected.map(({ labels, value }) => [labels.reason, value]),
    [['rate-limited', 1]],
  );
});
