import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInOrder } from '../../../src/store/registry/in-order.ts';

test('in order - work on one key runs one after the other, on others beside it, and after work that failed', async () => {
  const inOrder = createInOrder();
  const said: string[] = [];
  const gates = ['a1', 'a2', 'b1'].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const work = (name: string) => async () => {
    said.push(`${name} begins`);
    await gates.find((gate) => gate.name === name)?.promise;
    said.push(`${name} ends`);
  };
  const first = inOrder('a', work('a1'));
  const second = inOrder('a', work('a2'));
  const other = inOrder('b', work('b1'));
  assert.deepEqual(said, ['a1 begins', 'b1 begins']);
  gates[2]?.resolve();
  await other;
  gates[0]?.reject(new Error('refused'));
  await assert.rejects(first, /refused/);
  gates[1]?.resolve();
  await second;
  assert.deepEqual(said, ['a1 begins', 'b1 begins', 'b1 ends', 'a2 begins', 'a2 ends']);
});
