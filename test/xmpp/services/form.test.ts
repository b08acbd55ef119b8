import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForm } from '../../../src/xmpp/services/form.ts';
import { parseStanza } from '../stream/parse-stanza.ts';

test('form - of several fields with one name the first counts, and of several values the first', () => {
  const form = parseStanza(
    "<x xmlns='jabber:x:data' type='submit'><field var='token'><value>one</value><value>two</value></field>" +
      "<field var='token'><value>three</value></field><field var='device'><value/></field>" +
      "<field var='device'><value>four</value></field></x>",
  );
  assert.deepEqual(
    [...readForm(form)],
    [
      ['token', 'one'],
      ['device', 'four'],
    ],
  );
});
