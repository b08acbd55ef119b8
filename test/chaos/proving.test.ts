import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptsAtMost, proveRegistrations } from './proving.ts';
import type { Device } from './traffic.ts';

const deviceOf = (token: string): Device => ({ token, node: `node-${token}`, provider: 'fcm' });

/** A server that gives each device one answer after the other, and then repeats the last one. */
function serverOf(answers: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  let rests = 0;
  const prove = () =>
    proveRegistrations(Object.keys(answers).map(deviceOf), {
      publish({ token }) {
        const words = answers[token] ?? [];
        const before = asked.filter((other) => other === token).length;
        const number = asked.push(token) - 1;
        return Promise.resolve({ number, answer: words[Math.min(before, words.length - 1)] ?? '' });
      },
      rest: () => Promise.resolve(void (rests += 1)),
    });
  return { prove, asked, rests: () => rests };
}

test('proving - a publish whose answer was cut off is repeated until there is an answer', async () => {
  const { prove, asked, rests } = serverOf({
    a: ['result'],
    b: ['disconnected', 'silence', 'wait/internal-server-error', 'result'],
  });
  assert.deepEqual(await prove(), { promised: [0, 4], refused: [], undecided: [] });
  assert.deepEqual(asked, ['a', 'b', 'b', 'b', 'b']);
  assert.equal(rests(), 3);
});

test('proving - a registration unknown to the server is lost, at once or after an answer was cut off', async () => {
  const { prove } = serverOf({
    a: ['cancel/item-not-found'],
    b: ['disconnected', 'auth/forbidden'],
    c: ['result'],
  });
  assert.deepEqual(await prove(), { promised: [3], refused: [deviceOf('a'), deviceOf('b')], undecided: [] });
});

test('proving - a server that never answers is asked a limited number of times', async () => {
  const { prove, asked } = serverOf({ a: ['disconnected'], b: ['wait/internal-server-error'], c: ['result'] });
  const { promised, refused, undecided } = await prove();
  assert.deepEqual([promised.length, refused, undecided], [1, [], [deviceOf('a'), deviceOf('b')]]);
  assert.equal(asked.length, 2 * attemptsAtMost + 1);
});
