import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBeyondUnproven, isFlood, isHealthy } from '../../src/guard/evidence.ts';

test('evidence - where nothing was counted nothing is known: no flood, and no sign that all is well', () => {
  assert.equal(isFlood([]), false);
  assert.equal(isHealthy([], true), false);
  assert.equal(isBeyondUnproven([]), true);
});
