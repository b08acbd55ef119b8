import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { columnsOf, createTerminal, fitText, justify, wrapText } from '../../../src/harness/report/terminal.ts';

test('terminal - columns are counted as terminals do', () => {
  for (const [text, columns] of [
    ['plain', 5],
    ['Grüße', 5],
    ['e\u0301', 1],
    ['你好', 4],
    ['🌹', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['✓', 1],
    ['', 0],
  ] as const) {
    assert.equal(columnsOf(text), columns, text);
  }
});

test('terminal - text is cut to what fits, wide letters whole', () => {
  assert.equal(fitText('Wherefore art thou', 9), 'Wherefor…');
  assert.equal(fitText('Wherefore art thou', 11), 'Wherefore…');
  assert.equal(fitText('Wherefore', 9), 'Wherefore');
  assert.equal(fitText('你好世界', 6), '你好…');
  assert.equal(fitText('a\nb\tc', 9), 'a b c');
});

test('terminal - text runs over lines at its spaces, and ends in the last that is allowed', () => {
  assert.deepEqual(wrapText('Wherefore art thou Romeo', 14, 3), ['Wherefore art', 'thou Romeo']);
  assert.deepEqual(wrapText('Wherefore art thou Romeo', 10, 2), ['Wherefore', 'art thou…']);
  assert.deepEqual(wrapText('Honorificabilitudinitatibus', 10, 2), ['Honorific…']);
  assert.deepEqual(wrapText('', 10, 2), ['']);
});

test('terminal - nothing that is shown can steer the terminal', () => {
  assert.equal(fitText('a\u001b[2Jb\u0007\u202ec', 40), 'a�[2Jb��c');
});

test('terminal - the right side keeps its place', () => {
  assert.equal(justify('left', '✓', 10), 'left     ✓');
  assert.equal(justify('much too long', '✓', 10), 'much to… ✓');
});

test('terminal - the width follows the window within reason, one column kept free', () => {
  const widthOf = (columns?: number) =>
    createTerminal(Object.assign(new PassThrough(), columns === undefined ? {} : { columns }), {}).width;
  for (const [columns, width] of [
    [undefined, 79],
    [0, 79],
    [1, 39],
    [5, 39],
    [40, 39],
    [41, 40],
    [80, 79],
    [100, 99],
    [101, 99],
    [300, 99],
  ] as const) {
    assert.equal(widthOf(columns), width, String(columns));
  }
});

test('terminal - colours only on a terminal that wants them', () => {
  const paint = (isTTY: boolean, env: Record<string, string>) =>
    createTerminal(Object.assign(new PassThrough(), { isTTY }), env).paint('red', 'x');
  assert.equal(paint(true, {}), '\u001b[31mx\u001b[39m');
  assert.equal(paint(true, { NO_COLOR: '' }), '\u001b[31mx\u001b[39m');
  assert.equal(paint(true, { NO_COLOR: '1' }), 'x');
  assert.equal(paint(true, { TERM: 'dumb' }), 'x');
  assert.equal(paint(false, {}), 'x');
});
