import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conventionOf } from '../../src/conventions/all.ts';
import type { Notification } from '../../src/core/notification.ts';
import type { Registration } from '../../src/core/registration.ts';
import { refusePublisher } from '../../src/delivery/authorize.ts';
import { notificationOf, registrationOf } from '../support/registrations.ts';

function refuse(notification: Notification, registration: Registration) {
  const convention = conventionOf(registration);
  assert.ok(convention);
  return refusePublisher(notification, registration, convention);
}

const rows: [publisher: string, expected: 'wrong-publisher' | undefined, why: string][] = [
  ['example.net', undefined, 'the server of the account'],
  ['EXAMPLE.net', undefined, 'the server, written otherwise'],
  ['example.net/2f6b8b6d', undefined, 'Tigase, from a resource of the server'],
  ['romeo@example.net', undefined, 'the account itself'],
  ['romeo@example.net/phone', 'wrong-publisher', 'a client: full JIDs do not publish'],
  ['juliet@example.net', 'wrong-publisher', 'another account of the same server'],
  ['example.com', 'wrong-publisher', 'another server'],
  ['net', 'wrong-publisher', 'a parent domain'],
  ['chat.example.net', 'wrong-publisher', 'a component of the server'],
  ['example.net@evil.example', 'wrong-publisher', 'the server as local part elsewhere'],
  ['evil.example/example.net', 'wrong-publisher', 'the server as resource elsewhere'],
  ['evil.example/romeo@example.net', 'wrong-publisher', 'the account as resource elsewhere'],
  ['', 'wrong-publisher', 'nobody'],
  ['ex\u0430mple.net', 'wrong-publisher', 'a homograph: a Cyrillic letter'],
  ['example.net\u200b', 'wrong-publisher', 'a homograph: a space of no width'],
  ['rom\u0435o@example.net', 'wrong-publisher', 'a homograph of the account'],
];

for (const [publisher, expected, why] of rows) {
  test(`authorization - a publish from '${publisher}' (${why}) is ${expected ?? 'allowed'}`, () => {
    assert.equal(refuse(notificationOf({ publisher }), registrationOf()), expected);
  });
}

test('authorization - a registration with a secret requires it in every publish', () => {
  const registration = registrationOf({ secret: 'KK4+H5WMfpRG/2zCbuKq6wpX' });
  assert.equal(refuse(notificationOf(), registration), 'wrong-secret');
  assert.equal(refuse(notificationOf({ secret: '' }), registration), 'wrong-secret');
  assert.equal(refuse(notificationOf({ secret: 'KK4+H5WMfpRG/2zCbuKq6wp' }), registration), 'wrong-secret');
  assert.equal(refuse(notificationOf({ secret: 'KK4+H5WMfpRG/2zCbuKq6wpX' }), registration), undefined);
});

test('authorization - a secret that the registration does not have is ignored', () => {
  assert.equal(refuse(notificationOf({ secret: 'whatever' }), registrationOf()), undefined);
});

test('authorization - only ASCII letters are folded: the Kelvin sign is not k', () => {
  const registration = registrationOf({ account: 'romeo@kent.example' });
  assert.equal(refuse(notificationOf({ publisher: '\u212aent.example' }), registration), 'wrong-publisher');
  assert.equal(refuse(notificationOf({ publisher: '\u212aENT.example' }), registration), 'wrong-publisher');
  assert.equal(refuse(notificationOf({ publisher: 'KENT.example' }), registration), undefined);
});

test('authorization - only the room and its service publish to a room’s registration', () => {
  const registration = registrationOf({ convention: 'p2', room: 'verona@rooms.example.org' });
  const publishers: [string, 'wrong-publisher' | undefined][] = [
    ['rooms.example.org', undefined],
    ['verona@rooms.example.org', undefined],
    ['verona@rooms.example.org/romeo', 'wrong-publisher'],
    ['padua@rooms.example.org', 'wrong-publisher'],
    ['example.net', 'wrong-publisher'],
    ['romeo@example.net', 'wrong-publisher'],
  ];
  for (const [publisher, expected] of publishers) {
    assert.equal(refuse(notificationOf({ publisher }), registration), expected, publisher);
  }
});

test('authorization - any server that knows a raw token may publish to it, but no client', () => {
  const registration = registrationOf({ convention: 'raw-token', account: '' });
  const publishers: [string, 'wrong-publisher' | undefined][] = [
    ['example.net', undefined],
    ['example.net/2f6b8b6d', undefined],
    ['romeo@example.net', undefined],
    ['romeo@example.net/phone', 'wrong-publisher'],
  ];
  for (const [publisher, expected] of publishers) {
    assert.equal(refuse(notificationOf({ publisher }), registration), expected, publisher);
  }
});

test('authorization - any server with the secret publishes to a registration without account', () => {
  const registration = registrationOf({ convention: 'v1', account: '', secret: 's3cret' });
  const refusalOf = (publisher: string, secret?: string) =>
    refuse(notificationOf({ publisher, ...(secret !== undefined && { secret }) }), registration);
  assert.equal(refusalOf('example.net', 's3cret'), undefined);
  assert.equal(refusalOf('kent.example/2f6b', 's3cret'), undefined);
  assert.equal(refusalOf('example.net', 'guess'), 'wrong-secret');
  assert.equal(refusalOf('example.net'), 'wrong-secret');
  assert.equal(refusalOf('romeo@example.net/phone', 's3cret'), 'wrong-publisher');
});
