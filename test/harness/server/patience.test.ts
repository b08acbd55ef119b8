import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPatience } from '../../../src/harness/server/patience.ts';

const publish = { id: 'p', from: 'example.net', to: 'push.example.com', xml: '' };
const command = { id: 'c', from: 'romeo@example.net/phone', to: 'push.example.com', xml: '' };

test('patience - after twelve requests in a row without an answer two seconds are waited, until an answer comes', () => {
  const patience = createPatience();
  for (let count = 0; count < 12; count += 1) {
    assert.equal(patience.limit(publish, 32_000), 32_000);
    patience.note(publish, { kind: 'silence' });
  }
  assert.equal(patience.limit(publish, 32_000), 2_000);
  assert.equal(patience.limit(publish, 1_500), 1_500);
  // What users ask is another matter, and so is another component.
  assert.equal(patience.limit(command, 32_000), 32_000);
  assert.equal(patience.limit({ ...publish, to: 'other.example.com' }, 32_000), 32_000);
  patience.note(publish, { kind: 'disconnected' });
  assert.equal(patience.limit(publish, 32_000), 32_000);
});
