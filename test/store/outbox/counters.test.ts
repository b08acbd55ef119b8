import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from '../../../src/store/outbox/counters.ts';

const limits = { pushes: 100, bytes: 1_000, ofOneApp: 0.9, ofOneDomain: 0.5 };
const of = (app: string, bytes: number) => ({ app, domain: `${app}.example`, bytes });

test('outbox counters - two apps that keep to their part are full together', () => {
  const counters = createCounters(limits);
  counters.add([of('siskin', 600)]);
  assert.equal(counters.isFull(of('android', 400)), false);
  assert.equal(counters.isFull(of('android', 401)), true);
  counters.add([of('android', 400)]);
  assert.equal(counters.isFull(of('monal', 1)), true);
  counters.subtract([of('siskin', 600)]);
  assert.equal(counters.isFull(of('monal', 600)), false);
});
