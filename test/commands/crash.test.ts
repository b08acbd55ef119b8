import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCrash } from '../../src/commands/crash.ts';

test('crash - an error that nothing caught is told by its class and its place, without its message', () => {
  const error = new RangeError('no room for\n    at romeo@example.net\n    at juliet@example.net');
  const [what, ...rest] = describeCrash(error).split('\n');
  assert.equal(what, 'sealpost: ended by an error that nothing caught: RangeError');
  assert.match(rest[0] ?? '', /^ {4}at .*crash\.test\.ts:\d+:\d+/);
  assert.doesNotMatch(rest.join('\n'), /romeo|juliet/);
});

test('crash - a code is told in place of the class', () => {
  const error = Object.assign(new Error('/home/romeo'), { code: 'ENOENT', path: '/home/romeo' });
  const text = describeCrash(error);
  assert.match(text, /: ENOENT\n {4}at /);
  assert.doesNotMatch(text, /romeo/);
});

test('crash - what is no error, or was changed so that its frames cannot be told, has no frames', () => {
  const changed = new Error('no room\n    at romeo');
  changed.message = 'other';
  for (const thrown of [
    'romeo@example.net',
    undefined,
    Object.assign(new Error('a'), { stack: '    at romeo' }),
    changed,
  ]) {
    const text = describeCrash(thrown);
    assert.doesNotMatch(text, /romeo/);
  }
  assert.match(describeCrash('romeo'), /: unknown\n {4}at an unknown place\n/);
});

test('crash - a code that is no code is not told, and a stack that is no text has no frames', () => {
  const error = Object.assign(new TypeError('x'), { code: 'romeo SECRET', stack: null });
  const text = describeCrash(error);
  assert.match(text, /: TypeError\n {4}at an unknown place\n/);
  assert.doesNotMatch(text, /romeo/);
});
