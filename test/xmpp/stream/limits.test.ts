import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINK_LIMITS } from '../../../src/xmpp/stream/limits.ts';

test('link limits - what one stanza may be, unless the config says otherwise', () => {
  const { stanzaBytes, depth, attributes, nodes } = LINK_LIMITS;
  assert.deepEqual(
    { stanzaBytes, depth, attributes, nodes },
    { stanzaBytes: 65_536, depth: 32, attributes: 32, nodes: 1_024 },
  );
});
