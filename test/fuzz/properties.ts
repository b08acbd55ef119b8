import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Element as LtxElement, parse as parseByLtx } from 'ltx';
import { childElements, type Element } from '../../src/xmpp/stream/element.ts';
import { LINK_LIMITS } from '../../src/xmpp/stream/limits.ts';
import { createParser, type ParserLimits } from '../../src/xmpp/stream/parser.ts';
import { parsePublish } from '../../src/xmpp/services/publish.ts';
import { header, recordEvents, type Told, wideLimits } from '../xmpp/stream/parse-stanza.ts';

/** Properties of the parser for any input; a case fails by throwing. */
export interface FuzzProperty {
  readonly name: string;
  /**
   * Tries the property for this time, starting at the seed. Calls `onCase` for each case. Throws the failure, with path
   * and case.
   */
  run(options: { readonly seed: number; readonly forMs: number; readonly onCase?: () => void }): void;
}

/** Every event after the stream header for the bytes, divided at these places (modulo their number). */
export function read(bytes: Uint8Array, cuts: readonly number[] = [], limits = wideLimits): Told[] {
  const { told, events } = recordEvents();
  const parser = createParser(limits, events);
  parser.write(Buffer.from(header));
  assert.ok(told[0] && 'header' in told[0]);
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    parser.write(bytes.subarray(from, to));
    from = to;
  }
  return told.slice(1);
}

/** Both parsers' trees in one form, with adjacent texts joined. */
interface Tree {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Record<string, string>;
  readonly children: (Tree | string)[];
}

function fromOurs(element: Element): Tree {
  return {
    name: element.name,
    namespace: element.namespace,
    attributes: Object.fromEntries(element.attributes.map(({ name, value }) => [name, value])),
    children: element.children.map((each) => (typeof each === 'string' ? each : fromOurs(each))),
  };
}

function fromLtx(element: LtxElement): Tree {
  const children: (Tree | string)[] = [];
  for (const each of element.children) {
    const before = children.at(-1);
    if (each instanceof LtxElement) children.push(fromLtx(each));
    else if (typeof before === 'string') children[children.length - 1] = before + each;
    else if (each !== '') children.push(each);
  }
  const attributes = Object.entries(element.attrs as Record<string, string>).filter(([name]) => name !== 'xmlns');
  return { name: element.name, namespace: element.getNS() ?? '', attributes: Object.fromEntries(attributes), children };
}

const name = fc.constantFrom('iq', 'x', 'field', 'größe', '_a-1.2', 'toString');
/** A written piece of text. `ltx` neither unifies line ends nor keeps text after CDATA, so the piece has neither. */
const written = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replace(/[<>&'"\p{C}]/gu, '')),
  fc.constantFrom('&lt;', '&amp;', '&#x1F600;', '&#65;', '&quot;', ']', ' '),
);
const attributes = fc.dictionary(
  fc.constantFrom('id', 'from', 'type', 'constructor'),
  fc.array(written, { maxLength: 3 }),
);
const { document } = fc.letrec<{ document: string }>((tie) => ({
  document: fc
    .record({
      tag: name,
      xmlns: fc.option(fc.constantFrom('urn:xmpp:push:0', 'urn:x'), { nil: undefined }),
      attributes,
      quote: fc.constantFrom("'", '"'),
      space: fc.constantFrom(' ', '\n  '),
      content: fc.array(
        fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          written,
          fc.constant('<x><![CDATA[a<&b]]></x>'),
          tie('document'),
        ),
        { maxLength: 4 },
      ),
    })
    .map(({ tag, xmlns, attributes: pairs, quote, space, content }) => {
      const all = Object.entries(pairs).map(([key, value]) => [key, value.join('')] as const);
      if (xmlns !== undefined) all.push(['xmlns', xmlns]);
      const inTag = all.map(([key, value]) => `${space}${key}=${quote}${value}${quote}`).join('');
      return content.length === 0 ? `<${tag}${inTag}/>` : `<${tag}${inTag}>${content.join('')}</${tag}${space}>`;
    }),
}));
const cuts = fc.array(fc.nat(), { maxLength: 8 });

function sameTreeAsLtx(xml: string, where: readonly number[]): void {
  const told = read(Buffer.from(xml), where);
  assert.equal(told.length, 1);
  const ours = told[0];
  assert.ok(ours && 'stanza' in ours, JSON.stringify(ours));
  const root = parseByLtx(`<stream xmlns='jabber:component:accept'>${xml}</stream>`);
  assert.deepEqual(fromOurs(ours.stanza), fromLtx(root.children[0] as LtxElement));
}

/** Limits that stanzas of usual size exceed now and then. */
const smallLimits: ParserLimits = { stanzaBytes: 700, depth: 9, nodes: 30, attributes: 6 };
const tinyLimits: ParserLimits = { stanzaBytes: 200, depth: 3, nodes: 6, attributes: 5 };

/** Every stanza is reported once and in order, and one that is not skipped is as it would be without limits. */
function skipsNothingElse(stanzas: readonly string[], where: readonly number[]): void {
  const bytes = Buffer.from(stanzas.join(''));
  const whole = read(bytes);
  const limited = read(bytes, where, tinyLimits);
  assert.equal(limited.length, stanzas.length);
  for (const [at, told] of limited.entries()) {
    if ('skipped' in told) {
      const full = whole[at];
      assert.ok(full && 'stanza' in full);
      if (told.head) assert.deepEqual({ ...full.stanza, children: [] }, told.head);
    } else assert.deepEqual(told, whole[at]);
  }
}

const capturesFolder = join(import.meta.dirname, '../captures');
const captures = globSync('*/*.xml', { cwd: capturesFolder }).map((file) => readFileSync(join(capturesFolder, file)));
const telling = fc.constantFrom(...Buffer.from('<>/&;\'"=!?[]- \t\r\n\0:xa#'), 0xc3, 0xff, 0xf0, 0x80);
const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat({ max: 4 }),
  insert: fc.oneof(
    fc.array(fc.oneof(telling, fc.nat({ max: 255 })), { maxLength: 4 }),
    fc
      .constantFrom('<![CDATA[', ']]>', '<!--', '<?', '</', '/>', "xmlns='", '&#', '</stream:stream>', '<iq>')
      .map((text) => [...Buffer.from(text)]),
  ),
});
const mutated = fc
  .record({ capture: fc.constantFrom(...captures), mutations: fc.array(mutation, { minLength: 1, maxLength: 6 }) })
  .map(({ capture, mutations }) => {
    let bytes: Buffer = Buffer.concat([capture, capture]);
    for (const { at, remove, insert } of mutations) {
      const from = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, from), Buffer.from(insert), bytes.subarray(from + remove)]);
    }
    return bytes;
  });

/** A piece of a stanza, and whether it is wrong. */
interface Piece {
  readonly bytes: Buffer;
  readonly wrong: boolean;
}

const piece = (text: string | readonly number[], wrong: boolean): Piece => ({
  bytes: typeof text === 'string' ? Buffer.from(text) : Buffer.from(text),
  wrong,
});
const inOrder = (pieces: readonly Piece[]): Piece => ({
  bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)),
  wrong: pieces.some(({ wrong }) => wrong),
});

/** Text or attribute content, right or wrong, that leaves its end clear. */
const content = fc.oneof(
  { arbitrary: written.map((text) => piece(text, false)), weight: 4 },
  fc
    .constantFrom('&lol;', '&', '&#0;', '&#xD800;', '&#x;', '&amp', '\0', '\u0001', '\ufffe', '&#1114112;')
    .map((text) => piece(text, true)),
  fc
    .constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x80], [0xf8, 0x88, 0x80, 0x80, 0x80])
    .map((bytes) => piece(bytes, true)),
);
/** What may follow the name of a tag, with the space before it. */
const inTag = fc.oneof(
  { arbitrary: fc.constantFrom('', ' ', '\n').map((text) => piece(text, false)), weight: 3 },
  fc
    .constantFrom(" id='1'", ' from="a@b"', " xml:lang='en'", " xmlns='urn:x'", " xmlns:p='urn:p' p:a='>'", " t='/'")
    .map((text) => piece(text, false)),
  fc
    .constantFrom("'", '"')
    .chain((quote) => content.map((value) => inOrder([piece(` q=${quote}`, false), value, piece(quote, false)]))),
  fc
    .constantFrom(
      ...[" u:a='1'", " xmlns:u=''", " xmlns:xmlns='u'", " xmlns:xml='u'", " xmlns='http://www.w3.org/2000/xmlns/'"],
      ...[" a='1' a='2'", " a='<b/>'", " a='</iq>'", ' a', ' a=', ' a=1', " 1='2'", " a='1'b='2'", "=''", ' !', ' / '],
      ...[" a:b:c='1'", " :a='1'", " a:='1'", " ='1'", ' \0', " xmlns:r='u' xmlns:s='u' r:a='1' s:a='2'"],
    )
    .map((text) => piece(text, true)),
);
const goodNames = ['iq', 'x', 'größe', '_a-1.2', 'xml:x'];
const badNames = ['u:x', 'xmlns:x', '1', 'a!', ':a', 'a:', 'a:b:c', '=', 'a\0', '\u0001', 'a\ufffe', '&amp;', 'a×'];
const anyName = fc.oneof(
  { arbitrary: fc.constantFrom(...goodNames).map((text) => piece(text, false)), weight: 3 },
  fc.constantFrom(...badNames).map((text) => piece(text, true)),
);
/** A child of the stream whose end is clear, however wrong it is. */
const { framed } = fc.letrec<{ framed: Piece }>((tie) => ({
  framed: fc
    .record({
      tag: anyName,
      attribute: inTag,
      atEnd: fc.oneof(
        { arbitrary: fc.constantFrom('', ' ', '\n').map((text) => piece(text, false)), weight: 4 },
        fc.constantFrom(' a', " a='1'", ' \0', ' /').map((text) => piece(text, true)),
      ),
      within: fc.option(
        fc.array(
          fc.oneof(
            { depthSize: 'small', withCrossShrink: true },
            content,
            fc.constantFrom('<![CDATA[<&]]>', '<![CDATA[</iq>]]>').map((text) => piece(text, false)),
            fc
              .constantFrom(
                '<!-- </iq> -->',
                '<!---->',
                '<?x </iq>?>',
                ']]>',
                '<![CDATA[\0]]>',
                '<?xml version="1.0"?>',
              )
              .map((text) => piece(text, true)),
            tie('framed'),
          ),
          { maxLength: 4 },
        ),
        { nil: undefined },
      ),
    })
    .map(({ tag, attribute, atEnd, within }) => {
      const start = [piece('<', false), tag, attribute];
      if (!within) return inOrder([...start, piece('/>', false)]);
      const end = [piece('</', false), tag, atEnd, piece('>', false)];
      return inOrder([...start, piece('>', false), ...within, ...end]);
    }),
}));

/** A fault within a stanza costs only that stanza. */
export function costsOneStanza({ bytes, wrong }: Piece, where: readonly number[], limits: ParserLimits): void {
  const told = read(Buffer.concat([bytes, bytes, Buffer.from("<iq id='1'/>")]), where, limits);
  assert.equal(told.length, 3, JSON.stringify(told));
  assert.deepEqual(told[0], told[1]);
  assert.ok(told[0] && ('skipped' in told[0] || (!wrong && 'stanza' in told[0])), 'it is skipped when it is wrong');
  if (limits === wideLimits && !wrong) assert.ok('stanza' in told[0], 'it is skipped only when it is wrong');
  assert.deepEqual(told[2], {
    stanza: {
      name: 'iq',
      namespace: 'jabber:component:accept',
      attributes: [{ name: 'id', namespace: '', value: '1' }],
      children: [],
    },
  });
}

/** Input divided differently causes the same events and no exception. */
export function readsAlike(bytes: Buffer, where: readonly number[], limits: ParserLimits): void {
  const whole = read(bytes, [], limits);
  const cut = read(bytes, where, limits);
  assert.deepEqual(cut, whole);
  for (const each of whole) {
    if (!('stanza' in each)) continue;
    for (const payload of childElements(each.stanza)) parsePublish(payload, 'example.org');
  }
}

/** The sets of limits that bytes are tried with. */
export const limitSets: readonly ParserLimits[] = [wideLimits, LINK_LIMITS, smallLimits, tinyLimits];

export const properties: readonly FuzzProperty[] = [
  property(
    'parser - well-formed stanzas are the same tree to ltx, however they are cut',
    fc.record({ document, cuts }),
    (one) => sameTreeAsLtx(one.document, one.cuts),
  ),
  property(
    'parser - a stanza beyond the limits takes no other with it',
    fc.record({ documents: fc.array(document, { minLength: 1, maxLength: 5 }), cuts }),
    (one) => skipsNothingElse(one.documents, one.cuts),
  ),
  property(
    'parser - a stanza of which it is clear where it ends costs no other, however wrong it is',
    fc.record({ framed, cuts, limits: fc.constantFrom(...limitSets) }),
    (one) => costsOneStanza(one.framed, one.cuts, one.limits),
  ),
  property(
    'parser - whatever bytes come, it neither throws nor depends on how they are cut, and nor does reading a publish',
    fc.record({ mutated, cuts, limits: fc.constantFrom(...limitSets) }),
    (one) => readsAlike(one.mutated, one.cuts, one.limits),
  ),
];

function property<T>(title: string, cases: fc.Arbitrary<T>, holds: (one: T) => void): FuzzProperty {
  return {
    name: title,
    run({ seed, forMs, onCase }) {
      fc.assert(
        fc.property(cases, (one) => {
          onCase?.();
          holds(one);
        }),
        { seed, numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: forMs, markInterruptAsFailure: false },
      );
    },
  };
}
