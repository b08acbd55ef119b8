import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAnswering, withoutText } from '../link/answering.ts';

const pubsub = 'http://jabber.org/protocol/pubsub';
const owner = 'http://jabber.org/protocol/pubsub#owner';
const stanzas = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'";

/** Every request of XEP-0060 except publishing, and the feature that it needs. */
const rows: readonly [type: 'get' | 'set', namespace: string, content: string, feature: string | undefined][] = [
  ['set', pubsub, "<subscribe node='n' jid='bob@example.org'/>", 'subscribe'],
  ['set', pubsub, "<unsubscribe node='n' jid='bob@example.org'/>", 'subscribe'],
  ['get', pubsub, "<options node='n' jid='bob@example.org'/>", 'subscription-options'],
  ['get', pubsub, "<items node='n'/>", 'retrieve-items'],
  ['set', pubsub, "<retract node='n'><item id='i'/></retract>", 'retract-items'],
  ['get', pubsub, '<subscriptions/>', 'retrieve-subscriptions'],
  ['get', pubsub, '<affiliations/>', 'retrieve-affiliations'],
  ['get', pubsub, '<default/>', 'retrieve-default'],
  ['set', pubsub, "<create node='n'/><configure/>", 'create-nodes'],
  ['get', owner, "<configure node='n'/>", 'config-node'],
  ['set', owner, "<configure node='n'/>", 'config-node'],
  ['get', owner, '<default/>', 'retrieve-default'],
  ['set', owner, "<delete node='n'/>", 'delete-nodes'],
  ['set', owner, "<purge node='n'/>", 'purge-nodes'],
  ['get', owner, "<subscriptions node='n'/>", 'manage-subscriptions'],
  [
    'set',
    owner,
    "<affiliations node='n'><affiliation jid='bob@example.org' affiliation='owner'/></affiliations>",
    'modify-affiliations',
  ],
  ['get', pubsub, "<publish node='n'/>", undefined],
  ['set', pubsub, '<publish-options/>', undefined],
  ['set', pubsub, '', undefined],
  ['set', owner, "<publish node='n'/>", undefined],
  ['set', pubsub, "<subscribe xmlns='urn:example'/>", undefined],
  ['set', pubsub, '<__proto__/>', undefined],
];

const request = ([type, namespace, content]: (typeof rows)[number], from: string) =>
  `<iq type='${type}' id='1' from='${from}' to='push.example.org'><pubsub xmlns='${namespace}'>${content}</pubsub></iq>`;

it('pubsub - a client gets the name of the unsupported feature', async () => {
  const answering = startAnswering();
  for (const row of rows) {
    const feature = row[3];
    assert.equal(
      withoutText(await answering.ask(request(row, 'bob@example.org/phone'))),
      "<iq type='error' id='1' from='push.example.org' to='bob@example.org/phone'>" +
        `<error type='cancel'><feature-not-implemented ${stanzas}/>` +
        (feature === undefined ? '' : `<unsupported xmlns='${pubsub}#errors' feature='${feature}'/>`) +
        '</error></iq>',
      row.join(' '),
    );
  }
  assert.deepEqual([answering.delivered, answering.unregistered], [[], []]);
});

it('pubsub - a server gets an error that costs no registration: wait, with a condition that Tigase tolerates', async () => {
  const answering = startAnswering();
  for (const from of ['example.org', 'example.org/0a1b', 'bob@example.org']) {
    for (const row of rows) {
      assert.equal(
        withoutText(await answering.ask(request(row, from))),
        `<iq type='error' id='1' from='push.example.org' to='${from}'>` +
          `<error type='wait'><bad-request ${stanzas}/></error></iq>`,
        row.join(' '),
      );
    }
  }
  assert.deepEqual([answering.delivered, answering.unregistered], [[], []]);
});
