import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { createSecret } from '../../src/core/secret.ts';

test('secret - the value shows in nothing but its own revealing', () => {
  const secret = createSecret('hunter2');
  assert.equal(secret.reveal(), 'hunter2');
  const shown = [
    String(secret),
    [secret].join(),
    JSON.stringify({ secret }),
    inspect({ secret }),
    inspect(secret, { showHidden: true, depth: Infinity, customInspect: false }),
    format('%s %o %j %O', secret, secret, secret, secret),
    inspect(new Error('x', { cause: secret })),
  ];
  for (const text of shown) assert.doesNotMatch(text, /hunter2/);
  assert.deepEqual([shown[0], shown[2], shown[3]], ['[secret]', '{"secret":"[secret]"}', '{ secret: [secret] }']);
});
