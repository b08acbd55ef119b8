import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import { reactTo } from '../../../src/harness/server/reaction.ts';
import { ejabberd, mongooseim, prosody13, tigase } from '../../../src/harness/server/server-flavours.ts';
import { type IqAnswer, readAnswer } from '../../../src/harness/server/stanza.ts';

const error = (type: string, condition: string) =>
  readAnswer(
    parse(
      `<iq type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    ),
  );

/** Type and condition, then who keeps the device: Prosody (first time), ejabberd, Tigase, MongooseIM. */
const rows: readonly [type: string, condition: string, ...kept: boolean[]][] = [
  ['wait', 'internal-server-error', true, true, true, true],
  ['wait', 'remote-server-timeout', true, true, true, true],
  ['wait', 'bad-request', true, true, true, true],
  ['wait', 'service-unavailable', true, true, true, true],
  ['wait', 'resource-constraint', true, true, false, true],
  ['wait', 'item-not-found', true, true, false, true],
  ['cancel', 'item-not-found', true, false, false, false],
  ['cancel', 'internal-server-error', true, false, true, false],
  ['cancel', 'service-unavailable', true, false, true, false],
  ['modify', 'bad-request', true, false, true, true],
  ['modify', 'not-acceptable', true, false, false, true],
  ['auth', 'forbidden', true, false, false, true],
  ['cancel', 'brand-new-condition', true, false, true, false],
];
for (const [type, condition, ...kept] of rows) {
  test(`reaction - ${type} with ${condition}`, () => {
    const servers = [prosody13, ejabberd, tigase, mongooseim];
    assert.deepEqual(
      servers.map(({ reaction }) => reactTo(reaction, error(type, condition), 0).kept),
      kept,
    );
  });
}

test('reaction - Prosody drops at the sixteenth error in a row, whatever its condition, and a result starts anew', () => {
  const run = (answers: readonly IqAnswer[]) => {
    let state = { kept: true, errorsInARow: 0 };
    for (const answer of answers) state = reactTo(prosody13.reaction, answer, state.errorsInARow);
    return state.kept;
  };
  const notFound = error('cancel', 'item-not-found');
  const fifteen = Array.from({ length: 15 }, () => notFound);
  const result = readAnswer(parse(`<iq type='result'/>`));
  assert.equal(run(fifteen), true);
  assert.equal(run([...fifteen, error('wait', 'internal-server-error')]), true);
  assert.equal(run([...fifteen, error('auth', 'forbidden')]), false);
  assert.equal(run([...fifteen, result, notFound]), true);
});

test('reaction - silence keeps the device everywhere', () => {
  for (const { reaction } of [prosody13, ejabberd, tigase, mongooseim]) {
    assert.equal(reactTo(reaction, { kind: 'silence' }, 15).kept, true);
    assert.equal(reactTo(reaction, { kind: 'disconnected' }, 15).kept, true);
  }
});
