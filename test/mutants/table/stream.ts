import type { Mutant } from '../mutant.ts';

const inDisconnectReasons = {
  file: 'xmpp/stream/disconnect-reasons.ts',
  tests: ['xmpp/stream/disconnect-reasons.test.ts', 'xmpp/link/attacks.test.ts'],
};

const inParser = { file: 'xmpp/stream/parser.ts', tests: ['xmpp/stream/parser.test.ts'] };

const inStartTag = { file: 'xmpp/stream/start-tag.ts', tests: ['xmpp/stream/parser.test.ts'] };

const inPrefixScope = { file: 'xmpp/stream/prefix-scope.ts', tests: ['xmpp/stream/prefix-scope.test.ts'] };

const inUtf8 = { file: 'xmpp/stream/utf8.ts', tests: ['xmpp/stream/utf8.test.ts', 'xmpp/stream/parser.test.ts'] };

const inCharacters = { file: 'xmpp/stream/characters.ts', tests: ['xmpp/stream/parser.test.ts'] };

const inLimits = {
  file: 'xmpp/stream/limits.ts',
  tests: ['xmpp/stream/limits.test.ts', 'xmpp/stream/parser.test.ts', 'xmpp/link/attacks.test.ts'],
};

/** What is read from the XMPP server: its parser, its limits, its text. */
export const stream: readonly Mutant[] = [
  {
    ...inDisconnectReasons,
    find: '0.5 + random() / 2',
    replace: 'random()',
    breaks: 'Two processes that want one domain throw each other out in turn.',
  },
  {
    ...inDisconnectReasons,
    find: 'conflict: {\n    refused: true,',
    replace: 'conflict: {',
    breaks: 'After a conflict it tries again within seconds.',
  },
  {
    ...inDisconnectReasons,
    find: `'host-gone': 'host-unknown'`,
    replace: `'host-gone': 'stream-error'`,
    breaks: `A component that was taken out of the server's config is not named as the cause.`,
    tests: ['xmpp/stream/disconnect-reasons.test.ts'],
  },
  {
    ...inParser,
    find: `    prefixes.leave(rootMark);
`,
    replace: '',
    breaks: 'A prefix that one user declared in a stanza which is skipped holds for the stanzas of others.',
  },
  {
    ...inParser,
    find: 'stack.length >= limits.depth',
    replace: 'false',
    breaks: 'A stanza may be nested without end.',
  },
  { ...inParser, find: 'nodes > limits.nodes', replace: 'false', breaks: 'A stanza may have elements without end.' },
  {
    ...inParser,
    find: 'if (stack.length === 0) nodes = 0;',
    replace: '',
    breaks: 'After a thousand elements every stanza is skipped.',
  },
  {
    ...inParser,
    find: 'if (bytes <= limits.stanzaBytes || skip) return;',
    replace: 'return;',
    breaks: 'A stanza may be of any length.',
  },
  {
    ...inParser,
    find: `if (!skip) beginSkip('restricted-xml');`,
    replace: '',
    breaks: 'A comment in a stanza is passed over as if it were not there.',
  },
  {
    ...inParser,
    find: `if (!skip && !sound) beginSkip('not-well-formed');`,
    replace: '',
    breaks: 'A start tag with illegal characters is read as if it were right.',
  },
  {
    ...inStartTag,
    find: 'if (raw.length === 2 * attributesMax) return TOO_MANY_ATTRIBUTES;',
    replace: '',
    breaks: 'An element may have attributes without end.',
  },
  {
    ...inStartTag,
    find: ' || valueOf(raw, name) !== undefined',
    replace: '',
    breaks: 'Of an attribute that stands twice nobody knows which counts.',
  },
  {
    ...inStartTag,
    find: 'attributes.some((each) => each.name === name && each.namespace === namespace)',
    replace: 'false',
    breaks: 'Two attributes are one by their namespaces, and nobody knows which counts.',
  },
  {
    ...inStartTag,
    find: `prefix === 'xmlns' || (prefix`,
    replace: '(prefix',
    breaks: 'The prefix xmlns can be bound to something else.',
  },
  {
    ...inPrefixScope,
    find: `if (outer === undefined) namespaces.delete(prefix);
        else`,
    replace: 'if (outer !== undefined)',
    breaks: 'A prefix is in force where it was never declared.',
  },
  {
    ...inPrefixScope,
    find: 'while (declarations.length > mark)',
    replace: 'if (declarations.length > mark)',
    breaks: 'Of several prefixes that end together only one is taken back.',
  },
  {
    ...inUtf8,
    find: `.replaceAll('\\ufffd', '\\uffff')`,
    replace: '',
    breaks: 'What is no UTF-8 is taken for a character that was written.',
  },
  {
    ...inUtf8,
    find: 'Math.min(3, bytes.length)',
    replace: 'Math.min(2, bytes.length)',
    breaks: 'A character of four bytes that a packet cuts before its last byte is taken for none.',
  },
  {
    ...inUtf8,
    find: 'afterReturn && decoded.startsWith',
    replace: 'false && decoded.startsWith',
    breaks: 'A line end that a packet cuts is two.',
  },
  {
    ...inCharacters,
    find: `    sound &&= isCharacter(code);
`,
    replace: '',
    breaks: 'References bring in characters that no document may contain.',
  },
  {
    ...inCharacters,
    find: 'code >= 128 || code === COLON',
    replace: 'code === COLON',
    breaks: 'A name may have any character beyond ASCII.',
  },
  {
    ...inLimits,
    find: '.default(65_536)',
    replace: '.default(6_553_600)',
    breaks: 'Stanzas of megabytes are read whole, as many as are under way.',
  },
  {
    ...inLimits,
    find: '.default(1_024)',
    replace: '.default(10_240)',
    breaks: 'A stanza takes ten times the memory that it may.',
  },
  {
    ...inLimits,
    find: `attributes: values
      .count(8, 1_000)
      .default(32)`,
    replace: `attributes: values
      .count(8, 1_000)
      .default(320)`,
    breaks: 'Elements may have ten times the attributes.',
  },
  {
    ...inLimits,
    find: `depth: values
      .count(8, 1_000)
      .default(32)`,
    replace: `depth: values
      .count(8, 1_000)
      .default(320)`,
    breaks: 'Elements may be nested ten times as deep.',
  },
];
