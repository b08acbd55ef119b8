import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Element } from '../../../src/xmpp/stream/element.ts';
import { createParser, type ParserLimits } from '../../../src/xmpp/stream/parser.ts';
import { header, parseStanza, recordEvents, type Told, wideLimits } from './parse-stanza.ts';

/** The parser's events for this text, fed in pieces of `size` bytes. */
function read(xml: string | Uint8Array, { limits = wideLimits, size = Infinity } = {}): Told[] {
  const bytes = typeof xml === 'string' ? Buffer.from(xml) : xml;
  const { told, events } = recordEvents();
  const parser = createParser(limits, events);
  for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, Math.min(at + size, bytes.length)));
  return told;
}

/** A tree as a short text: `{namespace}name(attribute=value)[child|"text"]`. */
function show(element: Element): string {
  const attributes = element.attributes.map(
    ({ name, namespace, value }) => `${namespace && `{${namespace}}`}${name}=${value}`,
  );
  const children = element.children.map((each) => (typeof each === 'string' ? JSON.stringify(each) : show(each)));
  const namespace = element.namespace === 'jabber:component:accept' ? '' : `{${element.namespace}}`;
  return (
    namespace +
    element.name +
    (attributes.length > 0 ? `(${attributes.join(',')})` : '') +
    (children.length > 0 ? `[${children.join('|')}]` : '')
  );
}

/** What follows the header: each stanza as a tree, any other event as a word. */
function summary(told: readonly Told[]): string[] {
  return told.slice(1).map((each) => {
    if ('stanza' in each) return show(each.stanza);
    if ('skipped' in each) return `skipped ${each.skipped}${each.head ? ` ${show(each.head)}` : ''}`;
    if ('error' in each) return `error ${each.error}`;
    return 'header' in each ? 'header' : 'end';
  });
}

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';

describe('parser - what XMPP allows', () => {
  const rows: [string, string, string[]][] = [
    ['nothing', '', []],
    ['an empty stanza', '<iq/>', ['iq']],
    ['both kinds of quotes', `<iq a='"' b="'"/>`, [`iq(a=",b=')`]],
    ['space in tags', "<iq  a = '1'\n\tb\t=\n'2' ></iq >", ['iq(a=1,b=2)']],
    ['children and text', '<a>x<b>y</b>z</a>', ['a["x"|b["y"]|"z"]']],
    ['space between stanzas', ' \n\t<iq/> \r\n<iq/>\n', ['iq', 'iq']],
    ['the five entities', '<a b="&lt;&gt;&amp;&quot;&apos;">&lt;&gt;&amp;&quot;&apos;</a>', [`a(b=<>&"')["<>&\\"'"]`]],
    ['numeric entities', "<a b='&#65;&#x41;'>&#0065;&#x1F600;&#9;</a>", ['a(b=AA)["A\u{1F600}\\t"]']],
    ['CDATA is text', '<a>x<![CDATA[<&]]>]]&gt;<![CDATA[]]]]><![CDATA[>]]></a>', ['a["x<&]]>]]>"]']],
    ['an empty CDATA is nothing', '<a><![CDATA[]]></a>', ['a']],
    ['a greater-than sign', "<a b='>'>></a>", ['a(b=>)[">"]']],
    ['a slash in an attribute', "<a b='x/'/>", ['a(b=x/)']],
    ['line ends are the same', '<a>1\r\n2\r3\n4</a>', ['a["1\\n2\\n3\\n4"]']],
    ['literal space in attributes', "<a b='1\r\n2\t3&#10;&#9;'/>", ['a(b=1 2 3\n\t)']],
    ['characters of all lengths', "<a b='äß'>ü\u20ac\u{1F600}</a>", ['a(b=äß)["ü\u20ac\u{1F600}"]']],
    ['the replacement character', "<a b='\ufffd'>&#xFFFD;\ufffd</a>", ['a(b=\ufffd)["\ufffd\ufffd"]']],
    ['names beyond ASCII', '<größe-1.x/>', ['größe-1.x']],
    ['a default namespace', "<iq><q xmlns='u'><r/></q><s/></iq>", ['iq[{u}q[{u}r]|s]']],
    ['an undeclared default', "<iq><q xmlns=''/></iq>", ['iq[{}q]']],
    ['a prefix for the stanza', "<c:iq xmlns:c='jabber:component:accept'><c:x/></c:iq>", ['iq[x]']],
    ['a prefix used before it is declared', "<p:a p:b='1' xmlns:p='u'/>", ['{u}a({u}b=1)']],
    ['prefixes that shadow', "<a xmlns:p='u'><p:b xmlns:p='v'><p:c/></p:b><p:d/></a>", ['a[{v}b[{v}c]|{u}d]']],
    ['the prefix of the stream', '<stream:error/>', ['{http://etherx.jabber.org/streams}error']],
    ['xml:lang', "<a xml:lang='en'/>", ['a({http://www.w3.org/XML/1998/namespace}lang=en)']],
    ['xml:lang, declared', `<a xmlns:xml='${xmlNamespace}' xml:lang='en'/>`, [`a({${xmlNamespace}}lang=en)`]],
    ['xml by another prefix', `<a xmlns:ns1='${xmlNamespace}' ns1:foo='y'/>`, [`a({${xmlNamespace}}foo=y)`]],
    ['xml as the default', `<a><b xmlns='${xmlNamespace}'><c/></b></a>`, [`a[{${xmlNamespace}}b[{${xmlNamespace}}c]]`]],
    ['one name in two namespaces', "<a b='1' p:b='2' xmlns:p='u'/>", ['a(b=1,{u}b=2)']],
    ['names that objects have', "<__proto__ constructor='1' __proto__='2'/>", ['__proto__(constructor=1,__proto__=2)']],
    ['the end of the stream', '<iq/></stream:stream >', ['iq', 'end']],
    ['nothing after the end', '</stream:stream><iq/>', ['end']],
  ];
  for (const [name, xml, expected] of rows) {
    it(`parser - ${name}`, () => {
      assert.deepEqual(summary(read(header + xml)), expected);
      assert.deepEqual(summary(read(header + xml, { size: 1 })), expected, 'byte by byte');
    });
  }

  it('parser - a stream may begin without a declaration, with any, or with space', () => {
    const bare = header.slice(header.indexOf('<stream'));
    for (const declaration of [
      '',
      '\n',
      `<?xml version="1.0"?>`,
      `<?xml version='1.0' encoding='utf-8'?>`,
      `<?xml  version = "1.0" encoding="UTF-8" standalone='yes' ?>\n`,
    ]) {
      assert.deepEqual(summary(read(`${declaration}${bare}<iq/>`)), ['iq'], declaration);
      assert.deepEqual(summary(read(`${declaration}${bare}<iq/>`, { size: 1 })), ['iq'], declaration);
    }
  });

  it('parser - every capture gives the same tree however it is divided', () => {
    for (const file of globSync('test/captures/*/*.xml', { cwd: join(import.meta.dirname, '../../..') })) {
      const xml = header + readFileSync(join(import.meta.dirname, '../../..', file), 'utf8');
      const whole = summary(read(xml));
      assert.match(whole[0] ?? '', /^iq\(.*\)\[\{/s);
      for (const size of [1, 2, 3, 7, 64, 1_000]) assert.deepEqual(summary(read(xml, { size })), whole);
    }
  });
});

describe('parser - a fault within a stanza costs only that stanza', () => {
  const rows: [string, string, string][] = [
    ['an undeclared prefix', '<p:a/>', 'bad-namespace-prefix'],
    ['an undeclared prefix inside', '<a><p:b/></a>', 'bad-namespace-prefix a'],
    ['an undeclared prefix of an attribute', "<a b='1' p:b='2'/>", 'bad-namespace-prefix a(b=1)'],
    ['an undeclared prefix of an attribute inside', "<a><b p:c='1'/></a>", 'bad-namespace-prefix a'],
    ['a prefix out of its scope', "<a><b xmlns:p='u'/><p:c/></a>", 'bad-namespace-prefix a'],
    [
      'the first of two prefixes out of its scope',
      "<a><b xmlns:p='u' xmlns:q='u'></b><p:c/></a>",
      'bad-namespace-prefix a',
    ],
    ['a prefix for nothing', "<a xmlns:p=''/>", 'bad-namespace-prefix a'],
    ['the prefix xmlns', "<a xmlns:xmlns='u'/>", 'bad-namespace-prefix a'],
    ['an element with the prefix xmlns', '<xmlns:a/>', 'bad-namespace-prefix'],
    ['another meaning of xml', "<a xmlns:xml='u'/>", 'bad-namespace-prefix a'],
    ['a prefix for what xmlns means', "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", 'bad-namespace-prefix a'],
    ['what xmlns means as default', "<a><b xmlns='http://www.w3.org/2000/xmlns/'/></a>", 'invalid-namespace a'],
    ['an attribute twice', "<a b='1' b='2'/>", 'not-well-formed'],
    ['an attribute twice inside', "<a><c b='1' b='2'/></a>", 'not-well-formed a'],
    ['a declaration twice', "<a xmlns='u' xmlns='u'/>", 'not-well-formed'],
    [
      'an attribute twice by two prefixes',
      "<a c='0' p:b='1' q:b='2' xmlns:p='u' xmlns:q='u'/>",
      'not-well-formed a(c=0,{u}b=1)',
    ],
    ['a comment', '<iq><!-- --></iq>', 'restricted-xml iq'],
    ['a comment with tags', "<iq><!-- </iq> <x> -- > ' --></iq>", 'restricted-xml iq'],
    ['a short comment', '<iq><!----></iq>', 'restricted-xml iq'],
    ['a processing instruction', '<iq><?php echo "</iq>" ?></iq>', 'restricted-xml iq'],
    ['a declaration inside', "<iq><x><?xml version='1.0'?></x></iq>", 'restricted-xml iq'],
    ['an unknown entity', '<a>&lol;</a>', 'not-well-formed a'],
    ['an unknown entity in an attribute', "<a b='&lol;'/>", 'not-well-formed'],
    ['an unknown entity in an attribute inside', "<a><b c='&lol;'/></a>", 'not-well-formed a'],
    ['an entity with a name of Object', '<a>&constructor;</a>', 'not-well-formed a'],
    ['a bare ampersand', '<a>a & b</a>', 'not-well-formed a'],
    ['a reference that ends with the text', '<a>a&am</a>', 'not-well-formed a'],
    ['a reference to no character', '<a>&#0;</a>', 'not-well-formed a'],
    ['a reference to a surrogate', '<a>&#xD800;</a>', 'not-well-formed a'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>', 'not-well-formed a'],
    ['a reference to U+FFFF', "<a b='&#xFFFF;'/>", 'not-well-formed'],
    ['a control character', '<a>\u0001</a>', 'not-well-formed a'],
    ['a control character in CDATA', '<a>x<![CDATA[\u0001]]></a>', 'not-well-formed a'],
    ['a NUL in an attribute', "<a b='\0'/>", 'not-well-formed'],
    ['a NUL in a name', '<a\0b/>', 'not-well-formed'],
    ['a NUL in a name inside', '<a><b\0c></b\0c></a>', 'not-well-formed a'],
    ['U+FFFE', '<a>\ufffe</a>', 'not-well-formed a'],
    ['the end of CDATA in text', '<a>]]></a>', 'not-well-formed a'],
    ['a digit before a name', '<1/>', 'not-well-formed'],
    ['a digit before a name inside', '<a><1></1></a>', 'not-well-formed a'],
    ['a name with a bad character', '<a!/>', 'not-well-formed'],
    ['a name with two colons', "<p:a:b xmlns:p='u'/>", 'not-well-formed'],
    ['a name that ends in a colon', '<a:/>', 'not-well-formed'],
    ['a name that begins with a colon', '<:a/>', 'not-well-formed'],
    ['a multiplication sign in a name', '<a\u00d7/>', 'not-well-formed'],
    ['an attribute without value', '<a b/>', 'not-well-formed'],
    ['an attribute without quotes', '<a b=c/>', 'not-well-formed'],
    ['an attribute with a bad name', "<a><b 1='2'/></a>", 'not-well-formed a'],
    ['attributes without space between', "<a b='1'c='2'/>", 'not-well-formed'],
    ['a less-than sign in an attribute', "<a b='<'/>", 'not-well-formed'],
    ['a greater-than sign before and a tag in an attribute', "<a b='></a><x>'></a>", 'not-well-formed'],
    ['an end tag with an attribute', "<a></a b='1'>", 'not-well-formed a'],
    ['an end tag with an attribute inside', '<a><b></b c></a>', 'not-well-formed a'],
    ['an end tag with a NUL', '<a></a \0>', 'not-well-formed a'],
  ];
  for (const [name, xml, expected] of rows) {
    it(`parser - ${name}`, () => {
      const stream = `${header}<first/>${xml}<between/>${xml}${xml}<after>x</after>`;
      const skipped = `skipped ${expected}`;
      for (const size of [Infinity, 1, 2, 3, 5]) {
        const told = ['first', skipped, 'between', skipped, skipped, 'after["x"]'];
        assert.deepEqual(summary(read(stream, { size })), told, `in packets of ${size}`);
      }
    });
  }

  it('parser - invalid UTF-8 anywhere costs only its stanza, also within one packet', () => {
    for (const bytes of [
      [0xff],
      [0xc3, 0x28],
      [0xed, 0xa0, 0x80],
      [0xc0, 0xaf],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x98],
      [0x80],
      [0xef, 0xbf, 0xbd, 0xff, 0xef, 0xbf, 0xbd],
    ]) {
      const around: [string, string, string][] = [
        ['<a>', '</a>', ' a'],
        ["<a><b c='", "'/></a>", ' a'],
        ['<a><b', '/></a>', ' a'],
        ['<a><![CDATA[', ']]></a>', ' a'],
        ['<a>ä', '€</a>', ' a'],
        ["<a id='", "'></a>", ''],
        ['<a', '/>', ''],
      ];
      for (const [before, after, head] of around) {
        const wrong = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
        const parts = [Buffer.from(`${header}<ä>\ufffd</ä>`), wrong, wrong, Buffer.from('<after>€</after>')];
        for (const size of [Infinity, 1, 2, 3]) {
          const told = summary(read(Buffer.concat(parts), { size }));
          const skipped = `skipped not-well-formed${head}`;
          assert.deepEqual(told, ['ä["\ufffd"]', skipped, skipped, 'after["€"]'], `${before}${bytes.join()}${after}`);
        }
      }
    }
  });

  it('parser - a wrong stanza goes on being skipped, whatever else is wrong in it', () => {
    const more = [
      '&lol;',
      '<!-- </iq> -->',
      '<?x </iq> ?>',
      ']]>',
      '\0',
      '<![CDATA[</iq>\u0001]]>',
      '<p:y><1/>&</p:y>',
      "<y a='</iq>' a=\"'/>\"><z></other></y>",
      '<y></y a>',
      '<y b/>',
    ];
    const wrong = `<iq id='1'><p:x/>${more.join('<x>1</x>')}</iq>`;
    for (const size of [Infinity, 1, 2, 3, 7]) {
      const told = summary(read(`${header}${wrong}<after/>`, { size }));
      assert.deepEqual(told, ['skipped bad-namespace-prefix iq(id=1)', 'after']);
    }
  });

  it('parser - prefixes of a wrong stanza end with it', () => {
    const wrong = "<a xmlns='u' xmlns:p='u' xmlns:q=''><b xmlns:r='u'><p:c s:d='1'/>";
    const told = summary(read(`${header}${wrong}</b></a><b/><p:c/><r:d/><a p:e='1'/>`));
    assert.deepEqual(told, [
      'skipped bad-namespace-prefix {u}a',
      'b',
      'skipped bad-namespace-prefix',
      'skipped bad-namespace-prefix',
      'skipped bad-namespace-prefix a',
    ]);
  });
});

describe('parser - a fault that hides the end of a stanza, or lies between stanzas, ends the stream', () => {
  const rows: [string, string, string][] = [
    ['a DOCTYPE', '<!DOCTYPE x [<!ENTITY lol "lol">]>', 'restricted-xml'],
    ['a DOCTYPE that is not finished', '<!DOC', 'restricted-xml'],
    ['a DOCTYPE in a stanza', '<iq><!DOCTYPE x></iq>', 'restricted-xml'],
    ['a comment', '<!-- -->', 'restricted-xml'],
    ['a processing instruction', '<?php ?>', 'restricted-xml'],
    ['a second declaration', "<?xml version='1.0'?>", 'restricted-xml'],
    ['text outside of stanzas', 'x', 'not-well-formed'],
    ['a control character outside of stanzas', '\u0001', 'not-well-formed'],
    ['CDATA outside of stanzas', '<![CDATA[ ]]>', 'not-well-formed'],
    ['mismatched tags', '<a><b></a>', 'not-well-formed'],
    ['an end tag too many', '</a>', 'not-well-formed'],
    ['an end tag that is longer', '<a></ab>', 'not-well-formed'],
    ['an end tag that ends in a control character', '<a></a\u0001>', 'not-well-formed'],
    ['an empty end tag', '<a></>', 'not-well-formed'],
    ['a prefix only at the end', '<a></p:a>', 'not-well-formed'],
    ['an empty tag', '<>', 'not-well-formed'],
    ['space before a name', '< a/>', 'not-well-formed'],
    ['a less-than sign in a tag', '<a <b/>', 'not-well-formed'],
    ['a less-than sign in an end tag', '<a></a <b>', 'not-well-formed'],
    ['a byte order mark', '\ufeff<a/>', 'not-well-formed'],
    ['the end of the stream with attributes', "</stream:stream a='1'>", 'not-well-formed'],
  ];
  for (const [name, xml, condition] of rows) {
    it(`parser - ${name}`, () => {
      for (const size of [Infinity, 1, 2, 3]) {
        const told = summary(read(`${header}<first/>${xml}<after/>`, { size }));
        assert.deepEqual(told, ['first', `error ${condition}`], `in packets of ${size}`);
      }
    });
  }

  it('parser - input that is not an XMPP stream', () => {
    const rows2: [string, string][] = [
      ['HTTP/1.1 400 Bad Request', 'not-well-formed'],
      ['\u0001', 'not-well-formed'],
      ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='\u0001'>", 'not-well-formed'],
      ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='&lol;'>", 'not-well-formed'],
      ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams' p:id='1'>", 'bad-namespace-prefix'],
      ['<stream:stream>', 'bad-namespace-prefix'],
      ['<!-- --><stream:stream>', 'restricted-xml'],
      ['<html>', 'invalid-namespace'],
      ["<stream xmlns='u'>", 'invalid-namespace'],
      ["<?xml version='2.0'?>", 'not-well-formed'],
      ["<?xml version='1.0' encoding='latin1'?>", 'unsupported-encoding'],
      [`<?xml ${' '.repeat(300)}`, 'not-well-formed'],
      [' <?xml version="1.0"?>', 'restricted-xml'],
      [`<stream:stream a='${'x'.repeat(1_100)}`, 'policy-violation'],
      [`<stream:stream ${Array.from({ length: 9 }, (_, at) => `a${at}='1'`).join(' ')}>`, 'policy-violation'],
    ];
    const limits = { ...wideLimits, stanzaBytes: 1_000, attributes: 8 };
    for (const [xml, condition] of rows2) {
      assert.deepEqual(read(xml, { limits }), [{ error: condition }], xml);
      assert.deepEqual(read(xml, { limits, size: 1 }), [{ error: condition }], xml);
    }
  });
});

describe('parser - limits', () => {
  const limits: ParserLimits = { stanzaBytes: 200, depth: 4, attributes: 5, nodes: 10 };
  const iq = "<iq id='1' from='a@b/c'>";
  const head = 'iq(id=1,from=a@b/c)';
  const rows: [string, string, string[]][] = [
    ['text', `${iq}${'x'.repeat(300)}</iq>`, [`skipped bytes ${head}`]],
    ['text in CDATA', `${iq}<![CDATA[${'<'.repeat(300)}]]></iq>`, [`skipped bytes ${head}`]],
    ['an attribute', `${iq}<q a='${'x'.repeat(300)}'/></iq>`, [`skipped bytes ${head}`]],
    ['a name', `${iq}<${'x'.repeat(300)}></${'x'.repeat(300)}></iq>`, [`skipped bytes ${head}`]],
    ['its own tag', `<iq id='${'x'.repeat(300)}'><q/></iq>`, ['skipped bytes']],
    ['its own empty tag', `<iq id='${'x'.repeat(300)}'/>`, ['skipped bytes']],
    ['spaces in an end tag', `${iq}<q></q${' '.repeat(180)}></iq>`, [`skipped bytes ${head}`]],
    ['many small texts', `${iq}${'<b/>'.repeat(5)}${'12345678&lt;'.repeat(30)}</iq>`, [`skipped bytes ${head}`]],
    ['characters of two bytes', `${iq}${'ä'.repeat(90)}</iq>`, [`skipped bytes ${head}`]],
    ['depth', `${iq}<a><b><c/></b></a></iq>`, ['iq(id=1,from=a@b/c)[a[b[c]]]']],
    ['depth passed', `${iq}<a><b><c><d/></c></b></a></iq>`, [`skipped depth ${head}`]],
    ['depth passed with names to match', `${iq}<a><b><c><d><e></e></d></c></b></a></iq>`, [`skipped depth ${head}`]],
    ['attributes', "<iq a='1' b='1' c='1' d='1' xmlns:e='1'/>", ['iq(a=1,b=1,c=1,d=1)']],
    ['attributes passed', `${iq}<q a='1' b='1' c='1' d='1' e='1' f='1'><r/></q></iq>`, [`skipped attributes ${head}`]],
    ['attributes of its own passed', "<iq a='1' b='1' c='1' d='1' e='1' f='1'/>", ['skipped attributes']],
    ['nodes', `${iq}${'<b/>'.repeat(9)}</iq>`, [`${head}[b|b|b|b|b|b|b|b|b]`]],
    ['nodes passed by elements', `${iq}${'<b/>'.repeat(10)}</iq>`, [`skipped nodes ${head}`]],
    ['nodes passed by texts', `${iq}${'x<b/>'.repeat(5)}</iq>`, [`skipped nodes ${head}`]],
    [
      'quotes in what is skipped',
      `${iq}${'x'.repeat(300)}<a b='/>' c="'"/><d e="</iq>"></d></iq>`,
      [`skipped bytes ${head}`],
    ],
  ];
  for (const [name, xml, expected] of rows) {
    it(`parser - ${name}: skipped, reported with its start tag, and the stream goes on`, () => {
      for (const size of [Infinity, 1, 7, 64]) {
        assert.deepEqual(summary(read(`${header}<a/>${xml}<b/>`, { limits, size })), ['a', ...expected, 'b']);
      }
    });
  }

  it('parser - the end of a skipped stanza has to be clear too', () => {
    for (const [content, condition] of [
      ['<!DOCTYPE x>', 'restricted-xml'],
      ['<a></a></b>', 'not-well-formed'],
      ['</b>', 'not-well-formed'],
      ['<a <b/>', 'not-well-formed'],
      ['<a></a <b/>', 'not-well-formed'],
      ['<>', 'not-well-formed'],
    ]) {
      for (const wrong of ['x'.repeat(300), '<p:a/>']) {
        const told = summary(read(`${header}${iq}${wrong}${content}</iq>`, { limits }));
        assert.deepEqual(told, [`error ${condition}`], content);
      }
    }
  });

  it('parser - a stanza that is too long is reported as such, whatever else is wrong in it', () => {
    const text = 'x'.repeat(200);
    for (const content of [
      `&lol;${text}`,
      `${text}&lol;`,
      `${text}<p:a/>`,
      `<p:a/>${text}`,
      `<!-- ${text} -->`,
      `<p:a b='${text}'/>`,
      `<![CDATA[\u0001${text}]]>`,
    ]) {
      for (const size of [Infinity, 1, 2, 7, 64]) {
        const told = summary(read(`${header}${iq}${content}</iq><b/>`, { limits, size }));
        assert.deepEqual(told, [`skipped bytes ${head}`, 'b'], content);
      }
    }
  });

  it('parser - within the length the first fault is reported', () => {
    for (const [content, reason] of [
      ['<p:a/><a><b><c><d/></c></b></a>', 'bad-namespace-prefix'],
      ['<a><b><c><d p:e="1"/></c></b></a>', 'depth'],
      [`${'<b/>'.repeat(9)}&lol;`, 'nodes'],
      [`${'<b/>'.repeat(8)}&lol;<b/><b/>`, 'not-well-formed'],
      ["<q p:z='1' a='1' b='1' c='1' d='1' e='1' f='1'/>", 'attributes'],
    ]) {
      for (const size of [Infinity, 1, 2, 7]) {
        const told = summary(read(`${header}${iq}${content}</iq><b/>`, { limits, size }));
        assert.deepEqual(told, [`skipped ${reason} ${head}`, 'b'], content);
      }
    }
  });

  it('parser - the limit counts from the start of each stanza', () => {
    const stanza = `<iq>${'x'.repeat(180)}</iq>`;
    assert.equal(summary(read(header + stanza.repeat(50), { limits, size: 33 })).length, 50);
    const spaced = read(`${header}${' '.repeat(1_000)}${stanza}`, { limits, size: 9 });
    assert.deepEqual(summary(spaced), [`iq["${'x'.repeat(180)}"]`]);
  });

  it('parser - an end tag that is longer than any stanza ends the stream, whether it ends or not', () => {
    for (const size of [Infinity, 10, 1]) {
      const told = read(`${header}<a></a${' '.repeat(500)}>`, { limits, size });
      assert.deepEqual(summary(told), ['error not-well-formed']);
    }
    assert.deepEqual(summary(read(`${header}<a></a${' '.repeat(500)}`, { limits, size: 10 })), [
      'error not-well-formed',
    ]);
  });
});

describe('parser - cost', () => {
  const limits: ParserLimits = { stanzaBytes: 65_536, depth: 32, attributes: 32, nodes: 1_024 };

  /** CPU milliseconds to skip a stanza with this content, in packets of 64 KiB. */
  function cost(xml: Buffer, packet = 65_536): number {
    const { told, events } = recordEvents();
    const parser = createParser(limits, events);
    parser.write(Buffer.from(header));
    const before = process.cpuUsage();
    for (let at = 0; at < xml.length; at += packet) parser.write(xml.subarray(at, at + packet));
    const { user, system } = process.cpuUsage(before);
    assert.match(summary(told).join(), /^skipped/);
    return (user + system) / 1_000;
  }

  const megabytes = (count: number, unit: string) =>
    Buffer.from(unit.repeat(Math.floor((count * 1_048_576) / Buffer.byteLength(unit))));
  const around = (start: string, middle: Buffer, end: string) =>
    Buffer.concat([Buffer.from(start), middle, Buffer.from(end)]);
  const rows: [string, (share: number) => Buffer][] = [
    ['16 MB of text', (share) => around('<iq>', megabytes(16 * share, 'x'), '</iq>')],
    ['16 MB of text beyond ASCII', (share) => around('<iq>', megabytes(16 * share, 'ä'), '</iq>')],
    ['16 MB of references', (share) => around('<iq>', megabytes(16 * share, '&amp;'), '</iq>')],
    ['a name of 16 MB', (share) => around('<', megabytes(16 * share, 'x'), '/>')],
    ['an attribute of 16 MB', (share) => around("<iq a='", megabytes(16 * share, 'x'), "'/>")],
    ['10 MB of small elements', (share) => around('<iq>', megabytes(10 * share, '<a b="1"/>'), '</iq>')],
    [
      'a million levels',
      (share) => around('<iq>', Buffer.from('<a>'.repeat(1e6 * share) + '</a>'.repeat(1e6 * share)), '</iq>'),
    ],
    ['4 MB of quotes', (share) => around('<iq ', megabytes(4 * share, `a='"' `), '/>')],
    ['16 MB of closing brackets', (share) => around('<iq>', megabytes(16 * share, ']'), '</iq>')],
  ];
  for (const [name, make] of rows) {
    it(`parser - ${name} cost no more per byte than a quarter of that`, () => {
      const [whole, quarter] = [make(1), make(0.25)];
      cost(quarter); // so that compiling is not what is measured
      const least = (xml: Buffer) => Math.min(cost(xml), cost(xml), cost(xml));
      const [wholeMs, quarterMs] = [least(whole), least(quarter)];
      // Quadratic growth would give a factor of 16. Below some milliseconds only noise is measured.
      assert.ok(wholeMs < 8 * Math.max(quarterMs, 3), `${quarterMs} ms and ${wholeMs} ms`);
    });
  }

  it('parser - a tag in packets of one byte costs the same per byte as a short one', () => {
    const attributes = (length: number) => Buffer.from(`<iq a='${'x'.repeat(length)}'/>`);
    const { told, events } = recordEvents();
    const parser = createParser(limits, events);
    parser.write(Buffer.from(header));
    const time = (xml: Buffer) => {
      const before = process.cpuUsage();
      for (let at = 0; at < xml.length; at += 1) parser.write(xml.subarray(at, at + 1));
      return process.cpuUsage(before).user / xml.length;
    };
    for (let each = 0; each < 200; each += 1) time(attributes(300));
    const short = Math.min(...Array.from({ length: 50 }, () => time(attributes(300))));
    const long = Math.min(...Array.from({ length: 4 }, () => time(attributes(60_000))));
    assert.equal(told.filter((each) => 'stanza' in each).length, 254);
    assert.ok(long < Math.max(short, 0.3) * 8, `${short} us and ${long} us per byte`);
  });

  const endless: [name: string, beginning: string, unit: string, unitAfter: string, end: string][] = [
    ['what is too long', '<iq>', '<a b="1"/>', '', '</iq>'],
    ['what is wrong', '<iq><p:x>', '<a b="1"/>', '', '</p:x></iq>'],
    ['ever more levels', '<iq><p:x>', '<a b="1" >', '</a>', '</p:x></iq>'],
    ['a comment', '<iq><!--', '<a b="1"/>', '', '--></iq>'],
    ['a processing instruction', '<iq><?x ', '<a b="1"/>', '', '?></iq>'],
    ['a wrong text', '<iq><p:x>&', '&x;]]>\u0001\0\0', '', '</p:x></iq>'],
    ['a wrong start tag', '<iq><p:x ', ` \0='"' `, '', '/></iq>'],
  ];
  for (const [name, beginning, unit, unitAfter, end] of endless) {
    it(`parser - skipping ${name} keeps nothing`, () => {
      const { told, events } = recordEvents();
      const parser = createParser(limits, events);
      parser.write(Buffer.from(`${header}${beginning}`));
      const [piece, pieceAfter] = [Buffer.from(unit.repeat(6_553)), Buffer.from(unitAfter.repeat(6_553))];
      let peak = 0;
      const before = process.memoryUsage().heapUsed;
      for (let at = 0; at < 200; at += 1) {
        parser.write(piece);
        if (at % 50 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed - before);
      }
      assert.ok(peak < 64 * 1_048_576, `${peak} bytes`);
      for (let at = 0; at < 200; at += 1) parser.write(pieceAfter);
      parser.write(Buffer.from(`${end}<after/>`));
      assert.match(summary(told).join(), /^skipped (?:bytes|nodes) iq,after$/);
    });
  }
});

it('parser - an event may stop it', () => {
  const seen: string[] = [];
  const parser = createParser(wideLimits, {
    ...recordEvents().events,
    stanza(element) {
      seen.push(element.name);
      parser.stop();
    },
  });
  parser.write(Buffer.from(`${header}<a/><b/>&`));
  parser.write(Buffer.from('<c/>'));
  assert.deepEqual(seen, ['a']);
});

it('parser - the stream header is told with its attributes', () => {
  const first = read(header)[0];
  assert.ok(first && 'header' in first);
  assert.equal(show(first.header), '{http://etherx.jabber.org/streams}stream(id=s1,from=push.example.org)');
  assert.deepEqual(summary(read("<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>")), ['end']);
});

it('parser - text in pieces is one text', () => {
  assert.deepEqual(parseStanza('<a>1&amp;<![CDATA[2]]>3</a>').children, ['1&23']);
});
