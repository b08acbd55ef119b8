import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'ltx';
import { judgeClaims, type Wanted } from '../../../src/harness/runner/claims.ts';
import { scenarios } from '../../../src/harness/scenarios/all.ts';
import type { IqAnswer } from '../../../src/harness/server/stanza.ts';

function info(...features: string[]): IqAnswer {
  const list = ['urn:xmpp:push:0', 'http://jabber.org/protocol/commands', ...features];
  const xml = list.map((name) => `<feature var='${name}'/>`).join('');
  const identity = `<identity category='pubsub' type='push'/>`;
  const query = `<query xmlns='http://jabber.org/protocol/disco#info'>${identity}${xml}</query>`;
  return { kind: 'result', stanza: parse(`<iq type='result'>${query}</iq>`) };
}

const tigase: Wanted = { conventions: ['tigase'], ids: {} };

function find(id: string) {
  const found = scenarios.find((scenario) => scenario.id === id);
  assert.ok(found, id);
  return found;
}

test('claims - the usual ids are taken from disco#info, and a phone whose id is not there is not played', () => {
  const { faults, whyNot, idOf } = judgeClaims(tigase, info('tigase:messenger:apns:1'));
  assert.deepEqual(faults, []);
  assert.equal(whyNot(find('discover-siskin'), false), undefined);
  assert.equal(whyNot(find('discover-snikket'), false), 'the component does not announce snikket:apns:1');
  assert.equal(whyNot(find('discover-android'), false), 'the component does not announce fcm-xmpp-api');
  assert.equal(idOf('siskin'), 'tigase:messenger:apns:1');
});

test('claims - where Snikket’s id alone is announced, every iPhone registers with it', () => {
  const { idOf, whyNot, faults } = judgeClaims(tigase, info('snikket:apns:1'));
  assert.deepEqual([idOf('siskin'), idOf('iphone'), idOf('snikket')], Array(3).fill('snikket:apns:1'));
  assert.equal(whyNot(find('discover-siskin'), false), undefined);
  assert.deepEqual(faults, []);
});

test('claims - ids that the vendor names are what every phone of the provider registers with', () => {
  const wanted = { conventions: ['tigase'], ids: { apns: 'vendor:apns:7' } };
  const { idOf, whyNot, faults } = judgeClaims(wanted, info('vendor:apns:7'));
  assert.deepEqual(
    [idOf('siskin'), idOf('snikket'), idOf('android')],
    ['vendor:apns:7', 'vendor:apns:7', 'fcm-xmpp-api'],
  );
  assert.equal(whyNot(find('discover-snikket'), false), undefined);
  assert.deepEqual(faults, []);
});

const faults: readonly [what: string, wanted: Wanted, answer: IqAnswer, problem: RegExp][] = [
  [
    'an error',
    tigase,
    { kind: 'error', stanza: parse('<iq/>'), type: 'cancel', condition: 'item-not-found', conditionFirst: true },
    /^disco#info is answered cancel\/item-not-found: no client finds the service$/,
  ],
  ['silence', tigase, { kind: 'silence' }, /^disco#info is answered silence/],
  [
    'other ids',
    tigase,
    info('vendor:apns:7', 'vendor:fcm:1'),
    /none of the provider ids .*; it lists vendor:apns:7, vendor:fcm:1$/,
  ],
  ['no id', tigase, info(), /it lists no provider id at all$/],
  [
    'not the id that was asked for',
    { conventions: ['tigase'], ids: { fcm: 'vendor:fcm:1' } },
    info('tigase:messenger:apns:1'),
    /^disco#info does not list vendor:fcm:1, which --fcm-id names; it lists tigase:messenger:apns:1$/,
  ],
];
for (const [what, wanted, answer, problem] of faults) {
  test(`claims - ${what} is a fault that says what to do`, () => {
    const found = judgeClaims(wanted, answer).faults;
    assert.equal(found.length, 1);
    assert.match(found[0]?.problem ?? '', problem);
    assert.ok(found[0]?.advice);
  });
}

test('claims - other conventions need no disco#info', () => {
  const { faults: found, whyNot } = judgeClaims({ conventions: ['raw-token'], ids: {} }, { kind: 'silence' });
  assert.deepEqual(found, []);
  assert.equal(whyNot(find('raw-token'), false), undefined);
  assert.equal(whyNot(find('sealed-message'), false), 'belongs to the convention tigase (--convention tigase)');
});

test('claims - our own design is played where it is asked for, and only what needs no apps of its own', () => {
  const { whyNot } = judgeClaims(tigase, info('tigase:messenger:apns:1'));
  assert.match(whyNot(find('ids-of-apns'), false) ?? '', /--strict/);
  assert.equal(whyNot(find('ids-of-apns'), true), undefined);
  assert.equal(whyNot(find('words-of-the-app'), true), 'needs an app of its own');
});

test('claims - --strict leaves out nothing that is played without it', () => {
  const { whyNot } = judgeClaims(tigase, info('tigase:messenger:apns:1', 'snikket:apns:1', 'fcm-xmpp-api'));
  const without = scenarios.filter((scenario) => whyNot(scenario, false) === undefined);
  assert.ok(without.some(({ id }) => id === 'unknown-node'));
  assert.deepEqual(
    without.filter((scenario) => whyNot(scenario, true) !== undefined).map(({ id }) => id),
    [],
  );
});
