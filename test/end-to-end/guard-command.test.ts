import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guard } from '../../src/commands/guard.ts';
import { startOperated } from '../support/operator.ts';

test('guard command - says what the guard sees, releases it, and what is wrong with a call', async (t) => {
  const { run } = await startOperated(t);
  assert.deepEqual(await run(guard, ['status']), {
    ...{ code: 0, errors: '', output: 'Watching: nothing is held back.\n' },
  });
  const released = await run(guard, ['release', '--accept-removals']);
  assert.deepEqual(
    [released.code, released.output],
    [0, 'Released 0 holds. Removals are accepted until the flood is over.\nWatching: nothing is held back.\n'],
  );
  for (const [words, complaint] of [
    [[], 'an action is missing: status or release'],
    [['state'], 'unknown action "state"; did you mean "status"?'],
    [['status', '--accept-removals'], '--accept-removals needs release'],
  ] as const) {
    assert.deepEqual(await run(guard, words), { code: 2, output: '', errors: `UsageError: ${complaint}` });
  }
});
