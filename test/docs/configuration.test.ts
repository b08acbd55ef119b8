import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { parseConfigText } from '../../src/config/config.ts';
import { literalValues as values, section } from '../../src/config/kinds/values.ts';
import { createSources } from '../config/files.ts';
import { pagePath, writtenPage } from './configuration.ts';
import { alternativesOf, rowsOf } from './keys.ts';

const page = readFileSync(pagePath, 'utf8');

test('docs - the reference of all keys equals the schema; npm run docs writes it', async () => {
  assert.equal(page, await writtenPage());
});

test('docs - the example config is valid and 15 lines long', () => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  assert.equal(example.trimEnd().split('\n').length, 15);
  const { xmpp, apps } = parseConfigText(example, createSources());
  assert.deepEqual([xmpp[0]?.domain, ...apps.map(({ name }) => name)], ['push.example.com', 'siskin', 'android']);
});

test('docs - a key is documented with its values, its default and its meaning', () => {
  const schema = section({
    size: values.count(1, 9_999_999, 'bytes').default(1_048_576).describe('A size.'),
    wait: values.duration('1s', '1h').prefault('5s').describe('A wait.'),
    mode: values.choice(['off', 'on']).describe('A mode.'),
    inner: section({ secret: values.secret('the secret of all') })
      .prefault({ secret: 'x' })
      .describe('More.'),
    entries: z
      .array(section({ path: values.text('a way').exactOptional() }))
      .min(1)
      .max(7)
      .default([{ path: 'x' }])
      .describe('Some.'),
    share: section({ burst: values.count(1, 2) })
      .exactOptional()
      .meta({ allowed: 'this', absent: 'that', description: 'X.' }),
  }).describe('All.');
  assert.deepEqual(
    rowsOf('a', schema).map(({ path, allowed, absent, meaning }) => [path, allowed, absent, meaning]),
    [
      ['a', 'section', 'required', 'All.'],
      ['a.size', 'bytes, 1 to 9999999', '`1048576` (1 MiB)', 'A size.'],
      ['a.wait', 'duration, `1s` to `1h`', '`5s`', 'A wait.'],
      ['a.mode', '`off`, `on`', 'required', 'A mode.'],
      ['a.inner', 'section', '`{ secret: x }`', 'More.'],
      ['a.inner.secret', 'text, secret', 'required', 'The secret of all.'],
      ['a.entries', 'list of 1 to 7, each: section', '`[{ path: x }]`', 'Some.'],
      ['a.entries[].path', 'text', 'none', 'A way.'],
      ['a.share', 'this', 'that', 'X.'],
    ],
  );
});

const incomplete: readonly [string, z.ZodType, RegExp][] = [
  ['without a description', section({ size: values.count(1, 2) }), /^a\.size has no description$/],
  ['of a kind without words', section({ size: z.number().describe('A size.') }), /^a\.size is of a kind that/],
  [
    'with a default that is out of its bounds',
    section({ size: values.count(1, 2).default(3).describe('A size.') }),
    /^a\.size does not accept its own default$/,
  ],
  [
    'that is a list without end',
    section({ size: z.array(values.text('a word')).describe('Words.') }),
    /^a\.size is a list without a bound$/,
  ],
];

for (const [what, schema, message] of incomplete) {
  test(`docs - a key ${what} cannot be documented`, () => {
    assert.throws(() => rowsOf('a', schema.describe('All.')), { message });
  });
}

test('docs - a map whose sections have no alternatives is an error', () => {
  const plain = z.record(z.string(), section({ size: values.count(1, 2).describe('A size.') }));
  assert.throws(() => alternativesOf('a', plain), { message: 'a has no alternatives' });
});
