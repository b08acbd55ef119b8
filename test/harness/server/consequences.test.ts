import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import { whyHarmful, whyNotForgotten } from '../../../src/harness/server/consequences.ts';
import { type IqAnswer, readAnswer } from '../../../src/harness/server/stanza.ts';

function answer(type: string, condition: string): IqAnswer {
  const inside = `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
  return readAnswer(parse(`<iq type='error'>${inside}</iq>`));
}
const result = readAnswer(parse(`<iq type='result'/>`));

const rows: readonly [answer: IqAnswer, harm: string | undefined][] = [
  [result, undefined],
  [answer('wait', 'internal-server-error'), undefined],
  [answer('wait', 'bad-request'), undefined],
  [answer('wait', 'remote-server-timeout'), undefined],
  [answer('cancel', 'item-not-found'), 'ejabberd, Tigase, MongooseIM, and Prosody'],
  [answer('wait', 'resource-constraint'), 'Tigase'],
  [answer('cancel', 'service-unavailable'), 'ejabberd, MongooseIM, and Prosody'],
  [answer('modify', 'bad-request'), 'ejabberd and Prosody'],
];
for (const [given, names] of rows) {
  const word = given.kind === 'error' ? `${given.type}/${given.condition}` : given.kind;
  test(`consequences - who deletes a device that is alive at ${word}`, () => {
    const harm = names && `the answer ${word} makes ${names} delete a device that is alive`;
    assert.equal(whyHarmful(given), harm);
  });
}

test('consequences - a malformed sealed publish can only come from a server that seals', () => {
  assert.equal(whyHarmful(answer('modify', 'bad-request'), 'every server that seals'), undefined);
  assert.match(whyHarmful(answer('modify', 'not-acceptable'), 'every server that seals') ?? '', /makes Tigase delete/);
});

test('consequences - no answer is one that a server may be left with', () => {
  assert.equal(whyHarmful({ kind: 'silence' }), 'no answer comes, and an IQ must be answered');
  assert.equal(whyHarmful({ kind: 'disconnected' }), 'the component closes its connection');
});

test('consequences - only some errors let every server forget a dead device', () => {
  assert.equal(whyNotForgotten(answer('cancel', 'item-not-found')), undefined);
  assert.equal(whyNotForgotten(answer('cancel', 'gone')), undefined);
  assert.equal(
    whyNotForgotten(result),
    'at the answer result ejabberd, Tigase, MongooseIM, and Prosody keep a dead device',
  );
  assert.equal(
    whyNotForgotten(answer('modify', 'item-not-found')),
    'at the answer modify/item-not-found MongooseIM keeps a dead device',
  );
});
