import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveNodeKeys } from '../../src/nodes/sealed-node.ts';
import { rejectRandomNodes } from '../nodes/random-nodes.ts';

test('sealed node - a million random nodes of this form do not open', () => {
  const keys = deriveNodeKeys(new Uint8Array(32).fill(7));
  assert.deepEqual(rejectRandomNodes(1_000_000, keys), []);
});
