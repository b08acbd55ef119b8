import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from '../../src/core/recent-map.ts';

test('recent map - always as many of the latest as the limit says, and never more than twice as many', () => {
  const map = new RecentMap<number, string>(5);
  for (let i = 0; i < 1_000; i += 1) {
    map.set(i, `${i}`);
    assert.ok(map.size <= 10, `${map.size}`);
    for (let back = 0; back < 5 && back <= i; back += 1) assert.equal(map.peek(i - back), `${i - back}`);
  }
});

test('recent map - a key that is read again and again is kept, one that is only looked at is not', () => {
  const map = new RecentMap<string, number>(2);
  map.set('read', 1);
  map.set('looked at', 2);
  for (let i = 0; i < 100; i += 1) {
    map.set(`${i}`, i);
    assert.equal(map.get('read'), 1);
    map.peek('looked at');
  }
  assert.equal(map.peek('looked at'), undefined);
});

test('recent map - each key that is forgotten is told once, and none that is kept', () => {
  const told: number[] = [];
  const map = new RecentMap<number, number>(3, (forgotten) => told.push(...forgotten.keys()));
  for (let i = 0; i < 50; i += 1) map.set(i, i);
  map.set(48, 0);
  const kept = Array.from({ length: 50 }, (_, i) => i).filter((i) => map.peek(i) !== undefined);
  assert.deepEqual(
    [...told, ...kept],
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.equal(map.peek(48), 0);
});

test('recent map - a key of the older generation that comes back is not told as forgotten', () => {
  const told: string[] = [];
  const map = new RecentMap<string, number>(2, (forgotten) => told.push(...forgotten.keys()));
  for (const key of ['a', 'b', 'c', 'd', 'a']) map.set(key, 1);
  assert.deepEqual([told, map.size], [['b'], 3]);
});

test('recent map - a key that is read in time moves to the younger generation', () => {
  const told: string[] = [];
  const map = new RecentMap<string, number>(2, (forgotten) => told.push(...forgotten.keys()));
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.get('a');
  assert.equal(map.size, 3);
  map.set('d', 1);
  assert.deepEqual([told, map.size], [['b'], 3]);
});
