/** What a user may write to her own server in a stanza for the component, and the server may relay unchanged. */

/** On the stream header of the user; servers relay stanzas without it. */
export const declarations =
  " xmlns:evil='urn:evil' xmlns:w='urn:w' xmlns:client='jabber:client' xmlns:s='http://etherx.jabber.org/streams'" +
  " xmlns:xml='http://www.w3.org/XML/1998/namespace' xmlns:ns1='urn:ns1' xmlns:ns2='urn:ns2' xmlns:größe='urn:ä'";

const xml = 'http://www.w3.org/XML/1998/namespace';
const times = (count: number, write: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => write(at)).join('');

/** Attributes of a stanza, beside `to`, `id` and `type`. */
const attributes: readonly [name: string, written: string][] = [
  ['a prefix of the stream header', "w:a='1'"],
  ['prefixes of the stream header', "evil:a='1' w:a='2' größe:ä='3'"],
  ['the client namespace by a prefix', "client:type='result' client:id='9'"],
  ['the prefix of the stream', "stream:a='1'"],
  ['the namespace of the stream by another prefix', "s:a='1'"],
  ['xml:lang', "xml:lang='en'"],
  ['xml:foo', "xml:foo='y'"],
  ['xml:space, xml:base and xml:id', "xml:space='preserve' xml:base='http://x/' xml:id='i'"],
  ['two unknown ones of xml', "xml:a='1' xml:b='2' xml:xml='3' xml:xmlns='4'"],
  ['xml declared again', `xmlns:xml='${xml}' xml:lang='de'`],
  ['a prefix of its own', "xmlns:p='urn:p' p:a='1'"],
  ['a prefix that nothing uses', "xmlns:p='urn:p'"],
  ['a prefix of the stream header bound elsewhere', "xmlns:w='urn:other' w:a='1'"],
  ['prefixes that servers generate', "ns1:a='1' ns2:a='2'"],
  ['prefixes that servers generate, bound elsewhere', "xmlns:ns1='urn:x' xmlns:ns2='urn:y' ns2:a='1' ns1:a='2'"],
  ['the namespace that it has anyway', "xmlns='jabber:client'"],
  ['a prefix that begins with xml', "xmlns:xmlfoo='urn:x' xmlfoo:a='1'"],
  ['a prefix with points', "xmlns:a.b-c_1='urn:x' a.b-c_1:d='1'"],
  ['names that objects have', "__proto__='1' constructor='2' toString='3'"],
  ['a name beyond ASCII', "größe='ä' Ω='1' 日本='2'"],
  ['a name that newer editions of XML allow', "ａ='1' Ω·‿='2'"],
  ['a name of 10 KB', `${'n'.repeat(10_000)}='1'`],
  ['a value of 50 KB', `a='${'v'.repeat(50_000)}'`],
  ['a value of 100 KB', `a='${'v'.repeat(100_000)}'`],
  ['40 attributes', times(40, (at) => `a${at}='1' `)],
  ['20 attributes with prefixes', times(20, (at) => `w:a${at}='1' `)],
  ['20 attributes of xml', times(20, (at) => `xml:a${at}='1' `)],
  ['references', "a='&lt;&gt;&amp;&quot;&apos;&#10;&#13;&#9;&#x1F600;'"],
  ['white space', "a='1\n2\t3\r\n4'"],
  ['quotes', `a="'" b='"' c='>' d=''`],
  ['what looks like a tag', "a='/&gt;&lt;/iq&gt;' b='/>'"],
  ['an attribute twice by two prefixes', "xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'"],
  ['an attribute twice', "a='1' a='2'"],
  ['an undeclared prefix', "nope:a='1'"],
  ['a prefix for nothing', "xmlns:p=''"],
  ['another meaning of xml', "xmlns:xml='urn:x'"],
  ['another prefix for xml', `xmlns:p='${xml}' p:a='1'`],
  ['the prefix xmlns', "xmlns:xmlns='urn:x'"],
  ['a prefix for what xmlns means', "xmlns:p='http://www.w3.org/2000/xmlns/'"],
  ['an attribute without quotes', 'a=1'],
  ['an attribute without value', 'a'],
];

/** Content of a stanza; in an IQ within its one child. */
const contents: readonly [name: string, written: string | Uint8Array][] = [
  ['an element with a prefix of the stream header', '<evil:foo/>'],
  ['elements and attributes with such prefixes', "<evil:foo w:a='1' evil:a='2'><w:bar>x</w:bar></evil:foo>"],
  ['such a prefix deep inside', "<a xmlns='urn:a'><b><c><evil:d größe:e='1'/></c></b></a>"],
  [
    'such a prefix bound elsewhere and back',
    "<evil:a xmlns:evil='urn:b'><evil:c xmlns:evil='urn:evil'/></evil:a><evil:d/>",
  ],
  ['a stanza of the client namespace by a prefix', "<client:iq type='get' id='1'/>"],
  ['an element of xml', '<xml:foo/>'],
  ['an element of xml with attributes of xml', "<xml:foo xml:bar='1' xml:lang='en'><xml:foo/></xml:foo>"],
  ['an attribute of xml', "<foo xmlns='urn:foo' xml:foo='y'/>"],
  ['xml as the default namespace', `<foo xmlns='${xml}'/>`],
  ['another prefix for xml', `<foo xmlns:p='${xml}' p:a='1'/>`],
  ['no namespace', "<foo xmlns=''><bar/></foo>"],
  ['no namespace inside of one', "<foo xmlns='urn:foo'><bar xmlns=''><baz xmlns='urn:foo'/></bar></foo>"],
  ['a prefix that shadows', "<p:a xmlns:p='u'><p:a xmlns:p='v'><p:a xmlns:p='u'/></p:a></p:a>"],
  ['one name in two namespaces', "<foo xmlns='u' xmlns:p='u' a='1' p:a='2'/>"],
  ['prefixes that servers generate', "<ns1:foo ns2:a='1' xmlns:ns3='urn:ns3' ns3:a='2'/>"],
  [
    'prefixes that servers generate, bound elsewhere',
    "<foo xmlns='urn:f' xmlns:ns1='urn:b' xmlns:ns2='urn:a' ns2:a='1' ns1:a='2'/>",
  ],
  ['20 attributes with prefixes', `<foo xmlns='urn:f' ${times(20, (at) => `w:a${at}='1' `)}/>`],
  ['30 prefixes', `<foo ${times(30, (at) => `xmlns:p${at}='urn:${at}' `)}/>`],
  ['prefixes on each of 25 levels', times(25, (at) => `<a xmlns:p${at}='u${at}' p${at}:b='1'>`) + '</a>'.repeat(25)],
  [
    'the namespace of the component',
    "<iq xmlns='jabber:component:accept' type='get' id='1' from='a@b' to='push.localhost'/>",
  ],
  ['an acknowledged handshake', "<handshake xmlns='jabber:component:accept'/>"],
  ['a stream error', "<s:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></s:error>"],
  ['a stream header', "<s:stream xmlns='jabber:component:accept' id='x'/>"],
  ['a namespace with quotes', `<foo xmlns="urn:'a'"/><foo xmlns='urn:"b"'/>`],
  ['a namespace with references', "<foo xmlns='urn:&lt;&amp;&gt;&quot;&apos;'/><p:foo xmlns:p='urn:&#10;&#9; x'/>"],
  ['a namespace with braces and bars', "<foo xmlns='{urn}x|y'/><p:foo xmlns:p='a}b' p:c='1'/>"],
  ['a namespace beyond ASCII', "<größe:x xmlns:größe='urn:größe:\u{1F600}'/>"],
  ['a namespace of 10 KB', `<foo xmlns='urn:${'x'.repeat(10_000)}'/><p:a xmlns:p='${'y'.repeat(10_000)}' p:b='1'/>`],
  ['names with points and lines', "<_/><a.b-c_1/><xmlfoo/><XML xmlns='u'/>"],
  ['names beyond ASCII', '<größe/><Ω·/><日本/><größe:x/>'],
  ['names that newer editions of XML allow', '<ａ/><Ω‿/><\u{10000}/>'],
  ['names that objects have', "<__proto__ __proto__='1'/><constructor/><hasOwnProperty/>"],
  ['a name of 1 KB', `<${'n'.repeat(1_000)}/>`],
  ['a name of 20 KB', `<${'n'.repeat(20_000)}></${'n'.repeat(20_000)}>`],
  ['a name of 100 KB', `<${'n'.repeat(100_000)}/>`],
  ['a prefix of 5 KB', `<${'p'.repeat(5_000)}:a xmlns:${'p'.repeat(5_000)}='u'/>`],
  ['space in tags', "<foo  xmlns = 'u'\n a\t=\r\n'1' ></foo\n>"],
  ['CDATA', '<a><![CDATA[<&>"\']]></a>'],
  ['CDATA that ends in brackets', '<a><![CDATA[]]]]><![CDATA[>]]></a>'],
  ['empty CDATA', '<a><![CDATA[]]></a><![CDATA[]]>'],
  ['CDATA that looks like the end', '<a><![CDATA[</a></iq></stream:stream><!--]]></a>'],
  ['references', '<a>&lt;&gt;&amp;&quot;&apos;&#60;&#x26;</a>'],
  ['references to rare characters', '<a>&#x10FFFF;&#xFFFD;&#xE000;&#x85;&#x2028;&#xD7FF;&#xFDD0;&#x1FFFE;</a>'],
  ['references to white space', '<a>&#13;&#10;&#9;&#32;</a>'],
  ['a greater-than sign', '<a>a > b ]] ></a>'],
  ['rare characters', '<a>\u0080\u009f\u2028\ufeff\ufdd0\ufffd\u{1fffe}\u{10ffff}</a>'],
  ['marks and directions', '<a>e\u0301\u202e\u200d\u{1F469}\u200d\u{1F680}</a>'],
  ['white space', '<a> \n\t\r\n\r </a>'],
  ['31 levels', `${'<a>'.repeat(31)}${'</a>'.repeat(31)}`],
  ['40 levels', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
  ['1,000 levels', `${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}`],
  ['2,000 elements', '<a/>'.repeat(2_000)],
  ['2,000 elements with a prefix of the stream header', '<evil:a/>'.repeat(2_000)],
  ['10,000 elements that declare', "<a xmlns:p='u'/>".repeat(10_000)],
  ['60 KB of text', `<a>${'x'.repeat(60_000)}</a>`],
  ['100 KB of text', `<a>${'x'.repeat(100_000)}</a>`],
  ['100 KB of references', `<a>${'&amp;'.repeat(20_000)}</a>`],
  ['100 KB beyond ASCII, and a prefix of the stream header', `<evil:a>${'ä'.repeat(50_000)}</evil:a>`],
  ['a comment', '<a><!-- </a> --></a>'],
  ['a processing instruction', '<a><?php echo 1 ?></a>'],
  ['a DOCTYPE', '<!DOCTYPE a>'],
  ['an unknown entity', '<a>&lol;</a>'],
  ['a reference to no character', '<a>&#1;</a>'],
  ['a reference to U+FFFE', '<a>&#xFFFE;</a>'],
  ['a control character', '<a>\u0001</a>'],
  ['U+FFFF', '<a>\uffff</a>'],
  ['the end of CDATA', '<a>]]></a>'],
  ['no name', '<></>'],
  ['a bad name', '<1/>'],
  ['a name with two colons', '<evil:a:b/>'],
  ['an undeclared prefix', '<nope:a/>'],
  ['an element of xmlns', '<xmlns:a/>'],
  ['an overlong less-than sign', Buffer.from([0xc0, 0xbc])],
  ['half a character', Buffer.from([0xf0, 0x9f, 0x98])],
  ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
];

/** Whole stanzas. */
const stanzas = (to: string): readonly [name: string, written: string][] => [
  ['iq: its name with a prefix', `<client:iq type='get' id='ID' to='${to}'><ping xmlns='urn:xmpp:ping'/></client:iq>`],
  ['message: its name with a prefix', `<client:message to='${to}'><evil:x/></client:message>`],
  ['presence: its name with a prefix', `<client:presence to='${to}' w:a='1'/>`],
  ['iq: another namespace', `<iq xmlns='urn:x' type='get' id='ID' to='${to}'><ping xmlns='urn:xmpp:ping'/></iq>`],
  ['iq: the namespace of the component', `<iq xmlns='jabber:component:accept' type='get' id='ID' to='${to}'><x/></iq>`],
  ['another stanza', `<evil:foo to='${to}'/>`],
  ['iq: a result', `<iq type='result' id='ID' to='${to}' w:a='1'><evil:x/></iq>`],
  [
    'iq: an error',
    `<iq type='error' id='ID' to='${to}' w:a='1'><evil:x/><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  ],
  ['iq: no type', `<iq id='ID' to='${to}' w:a='1'><x xmlns='urn:x'/></iq>`],
  ['iq: no id', `<iq type='get' to='${to}' w:a='1'><x xmlns='urn:x'/></iq>`],
  ['iq: an empty id', `<iq type='get' id='' to='${to}' w:a='1'><x xmlns='urn:x'/></iq>`],
  ['iq: an id of 10 KB', `<iq type='get' id='${'i'.repeat(10_000)}' to='${to}' w:a='1'><x xmlns='urn:x'/></iq>`],
  [
    'iq: an id of references',
    `<iq type='get' id='&lt;&quot;&apos;&#10;&#x1F600;' to='${to}' w:a='1'><x xmlns='urn:x'/></iq>`,
  ],
  ['iq: two children', `<iq type='get' id='ID' to='${to}' w:a='1'><x xmlns='urn:x'/><evil:x/></iq>`],
  ['iq: no child', `<iq type='get' id='ID' to='${to}' w:a='1'/>`],
  ['iq: to a resource', `<iq type='get' id='ID' to='${to}/x&lt;' w:a='1'><x xmlns='urn:x'/></iq>`],
  ['iq: to a user', `<iq type='get' id='ID' to='nobody@${to}' w:a='1'><x xmlns='urn:x'/></iq>`],
  ['iq: in capitals', `<iq type='get' id='ID' to='${to.toUpperCase()}' w:a='1'><x xmlns='urn:x'/></iq>`],
  [
    'iq: a publish of a user',
    `<iq type='set' id='ID' to='${to}'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n' w:a='1'><item><evil:x/></item></publish></pubsub></iq>`,
  ],
  [
    'iq: a command',
    `<iq type='set' id='ID' to='${to}'><command xmlns='http://jabber.org/protocol/commands' node='register-device' w:a='1'><evil:x/></command></iq>`,
  ],
  ['message: an error', `<message type='error' to='${to}' w:a='1'><evil:x/></message>`],
  [
    'message: to everybody there',
    `<message type='groupchat' to='${to}' xml:foo='y'><body xml:bar='z'>x</body></message>`,
  ],
  ['presence: a subscription', `<presence type='subscribe' to='${to}' w:a='1'><evil:x/></presence>`],
  ['presence: a probe', `<presence type='probe' to='${to}' w:a='1'/>`],
  ['presence: an error', `<presence type='error' to='${to}' w:a='1'><evil:x/></presence>`],
  ['presence: gone', `<presence type='unavailable' to='${to}' xml:foo='y'/>`],
];

const kinds = ['iq', 'message', 'presence'] as const;

export type StanzaKind = (typeof kinds)[number] | 'other';

export interface HostileStanza {
  readonly kind: StanzaKind;
  readonly name: string;
  /** The stanza with this id, unless it has one. */
  write(id: string): Buffer;
}

/** Each trick in an IQ, a message and a presence. */
export function hostileStanzas(to: string): HostileStanza[] {
  const starts: readonly { kind: StanzaKind; start: string; around: readonly [string, string] }[] = [
    { kind: 'iq', start: `<iq type='set' id='ID' to='${to}'`, around: ["<x xmlns='urn:x'>", '</x>'] },
    { kind: 'message', start: `<message type='chat' id='ID' to='${to}'`, around: ['', ''] },
    { kind: 'presence', start: `<presence to='${to}'`, around: ['', ''] },
  ];
  const bytes = (...pieces: (string | Uint8Array)[]) =>
    Buffer.concat(pieces.map((each) => Buffer.from(each as string)));
  const withId = (written: string, id: string) => written.replace("'ID'", `'${id}'`);
  return [
    ...starts.flatMap(({ kind, start, around: [open, close] }) => [
      ...attributes.map(([name, written]) => ({
        kind,
        name: `${kind}: ${name}`,
        write: (id: string) => bytes(withId(start, id), ` ${written}>${open}${close}</${kind}>`),
      })),
      ...contents.map(([name, written]) => ({
        kind,
        name: `${kind}, inside: ${name}`,
        write: (id: string) => bytes(withId(start, id), `>${open}`, written, `${close}</${kind}>`),
      })),
    ]),
    ...stanzas(to).map(([name, written]) => ({
      kind: kinds.find((kind) => name.startsWith(kind)) ?? ('other' as const),
      name,
      write: (id: string) => bytes(withId(written, id)),
    })),
  ];
}
