import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from '../../src/commands/collect-garbage.ts';

test('collect garbage - what nothing refers to is gone, what something refers to stays', async () => {
  const kept = { text: 'kept' };
  const refs = [new WeakRef({ text: 'garbage' }), new WeakRef(kept)];
  // A weak reference keeps its object until the turn in which it was made is over.
  await new Promise(setImmediate);
  await collectGarbage();
  assert.deepEqual(
    refs.map((ref) => ref.deref()),
    [undefined, kept],
  );
});
