import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseLuaTable } from '../../src/import/lua-table.ts';

const stored = `return {
	["type"] = "apns";
	["token"] = "abab";
	["registered"] = 1526463999;
	["last_push_error"] = "2018-05-16T09:46:39Z";
	["nested"] = {
		"a";
		[2] = true;
	};
};
`;

test('Lua table - as Prosody writes it', () => {
  assert.deepEqual(
    parseLuaTable(stored),
    new Map<string, unknown>([
      ['type', 'apns'],
      ['token', 'abab'],
      ['registered', 1526463999],
      ['last_push_error', '2018-05-16T09:46:39Z'],
      [
        'nested',
        new Map<string, unknown>([
          ['1', 'a'],
          ['2', true],
        ]),
      ],
    ]),
  );
});

const values: readonly [string, unknown][] = [
  [String.raw`"a\"b\\c\n\065\x42\u{20ac}"`, 'a"b\\c\nAB€'],
  [String.raw`"\226\130\172"`, '€'],
  [String.raw`"a\z   b"`, 'ab'],
  ['"a\\\nb"', 'a\nb'],
  ["'single'", 'single'],
  ['[[long]]', 'long'],
  ['[==[a]]b]==]', 'a]]b'],
  ['-1.5e3', -1500],
  ['0xff', 255],
  ['false', false],
  ['nil', null],
];

for (const [written, expected] of values) {
  test(`Lua table - the value ${written}`, () => {
    assert.deepEqual(parseLuaTable(`return { a = ${written} }`)?.get('a'), expected);
  });
}

test('Lua table - comments and either separator', () => {
  const text = '-- a\nreturn --[[ b ]] { a = 1, --[==[ ]] ]==] ["b"] = 2; -- c\n }';
  assert.deepEqual(parseLuaTable(text), new Map(Object.entries({ a: 1, b: 2 })));
});

const refused = [
  '',
  'return',
  'return 1',
  'return {',
  'return { a = }',
  'return { a = os.execute("rm") }',
  'return { a = f() }',
  'return { a = "x" .. "y" }',
  'return { a = "open }',
  'return { a = "line\nbreak" }',
  String.raw`return { a = "\999" }`,
  String.raw`return { a = "\u{ffffff}" }`,
  'return {} os.execute("rm")',
  'os.execute("rm") return {}',
  'return { a = 1 b = 2 }',
  'return { [{}] = 1 }',
  `return ${'{'.repeat(11)}${'}'.repeat(11)}`,
];

for (const text of refused) {
  test(`Lua table - anything but a constant table is refused: ${text.slice(0, 40)}`, () => {
    assert.equal(parseLuaTable(text), undefined);
  });
}

test('Lua table - reading ends with a table or undefined, whatever the file contains', () => {
  const piece = fc.constantFrom(
    'return',
    '{',
    '}',
    '[',
    ']',
    '=',
    '"',
    "'",
    '\\',
    '--',
    '[[',
    ']]',
    ';',
    '\n',
    'a',
    '1',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const table = parseLuaTable(`return {${pieces.join('')}`);
      return table === undefined || table instanceof Map;
    }),
    { numRuns: 2_000 },
  );
});
