import assert from 'node:assert/strict';
import { it } from 'node:test';
import { revocation } from '../../../src/xmpp/services/revocation.ts';
import { registrationOf } from '../../support/registrations.ts';

const domain = 'push.example.org';

it('revocation - a headline to the account removes the affiliation, with everything foreign escaped', () => {
  assert.equal(
    revocation({ domain, registration: registrationOf({ node: 'n-1', account: "o'brien@example.net" }) }),
    "<message type='headline' from='push.example.org' to='o&apos;brien@example.net'>" +
      "<pubsub xmlns='http://jabber.org/protocol/pubsub' node='n-1'>" +
      "<affiliation jid='o&apos;brien@example.net' affiliation='none'/></pubsub></message>",
  );
});

it('revocation - nobody is told for a raw token, a room or a registration without account', () => {
  for (const registration of [
    registrationOf({ account: '', convention: 'raw-token' }),
    registrationOf({ room: 'verona@rooms.example.org', convention: 'p2' }),
    registrationOf({ account: 'example.net', convention: 'p2' }),
  ]) {
    assert.equal(revocation({ domain, registration }), undefined);
  }
});
