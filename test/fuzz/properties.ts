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

/** What holds for the parser whatever comes; a case fails by throwing. */
export interface FuzzProperty {
  readonly name: string;
  /** Tries it for so long, beginning at the seed; `onCase` is called for each. Throws what failed, with path and case. */
  run(options: { readonly seed: number; readonly forMs: number; readonly onCase?: () => void }): void;
}

/** Everything told after the stream header about the bytes, cut there (modulo their number). */
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

/** Both parsers' trees in one form, with texts that stand together as one. */
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
/**
 * A piece of text as it is written. `ltx` does not make line ends the same and loses text after CDATA, so there is
 * neither.
 */
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

/** Limits that stanzas of usual size go beyond now and then. */
const smallLimits: ParserLimits = { stanzaBytes: 700, depth: 9, nodes: 30, attributes: 6 };
const tinyLimits: ParserLimits = { stanzaBytes: 200, depth: 3, nodes: 6, attributes: 5 };

/** Every stanza is told once and in order, and what is not skipped is what it would be without limits. */
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

/** Neither throws nor tells anything else when the bytes come in other pieces. */
export function readsAlike(bytes: Buffer, where: readonly number[], limits: ParserLimits): void {
  const whole = read(bytes, [], limits);
  const cut = read(bytes, where, limits);
  const over = (told: readonly Told[]) => told.some((each) => 'error' in each || 'end' in each);
  // Bytes that are no UTF-8 take the packet that they are in with them.
  if (bytes.equals(Buffer.from(bytes.toString()))) assert.deepEqual(cut, whole);
  else assert.equal(over(cut), over(whole));
  for (const each of whole) {
    if (!('stanza' in each)) continue;
    for (const payload of childElements(each.stanza)) parsePublish(payload, 'example.org');
  }
}

/** Every limit set under which bytes are tried. */
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
