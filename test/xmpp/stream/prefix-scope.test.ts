import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createParser, type ParserLimits } from '../../../src/xmpp/stream/parser.ts';
import { createPrefixScope } from '../../../src/xmpp/stream/prefix-scope.ts';
import { header, recordEvents } from './parse-stanza.ts';

describe('prefix scope', () => {
  it('prefix scope - outside the root only `xml` is declared', () => {
    const prefixes = createPrefixScope();
    assert.equal(prefixes.resolve('xml'), 'http://www.w3.org/XML/1998/namespace');
    assert.equal(prefixes.resolve('xmlns'), undefined);
    assert.equal(prefixes.resolve('constructor'), undefined);
    assert.equal(prefixes.mark, 0);
  });

  it('prefix scope - an inner declaration hides the outer one until it is left', () => {
    const prefixes = createPrefixScope();
    prefixes.declare('p', 'urn:a');
    const inner = prefixes.mark;
    prefixes.declare('p', 'urn:b');
    prefixes.declare('p', 'urn:c');
    prefixes.declare('q', 'urn:d');
    assert.deepEqual([prefixes.resolve('p'), prefixes.resolve('q')], ['urn:c', 'urn:d']);
    prefixes.leave(inner);
    assert.deepEqual([prefixes.resolve('p'), prefixes.resolve('q')], ['urn:a', undefined]);
    prefixes.leave(0);
    assert.equal(prefixes.resolve('p'), undefined);
  });
});

const limits: ParserLimits = { stanzaBytes: 1_000_000, depth: 10_000, attributes: 1_000, nodes: 100_000 };

/**
 * Number of entries written into maps while a stanza with this content is read; copying a map writes each of its
 * entries.
 */
function mapWrites(content: string): number {
  const { told, events } = recordEvents();
  const parser = createParser(limits, events);
  parser.write(Buffer.from(header));
  const { mock: written } = mock.method(Map.prototype, 'set');
  parser.write(Buffer.from(`<iq>${content}</iq>`));
  const writes = written.callCount();
  written.restore();
  assert.ok(told[1] && 'stanza' in told[1]);
  return writes;
}

describe('parser - twice as many namespace declarations cause twice the work', () => {
  const shapes: [string, (count: number) => string][] = [
    [
      'one in each of many levels',
      (count) => Array.from({ length: count }, (_, at) => `<a xmlns:p${at}='u'>`).join('') + '</a>'.repeat(count),
    ],
    [
      'many in one element, and one in each of as many within',
      (count) =>
        `<a${Array.from({ length: count }, (_, at) => ` xmlns:p${at}='u'`).join('')}>` +
        `${"<b xmlns:q='u'/>".repeat(count)}</a>`,
    ],
  ];
  for (const [name, shape] of shapes) {
    it(`parser - ${name}`, () => {
      const [some, twiceAsMany] = [mapWrites(shape(400)), mapWrites(shape(800))];
      assert.ok(some >= 400, `${some} are counted`);
      assert.ok(twiceAsMany <= 2 * some, `${some} and ${twiceAsMany}`);
    });
  }
});
