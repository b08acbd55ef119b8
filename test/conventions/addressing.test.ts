import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conventionOf } from '../../src/conventions/all.ts';
import type { Registration } from '../../src/core/registration.ts';
import { registrationOf } from '../support/registrations.ts';

const addressOf = (registration: Registration) => conventionOf(registration)?.addressOf(registration);

test('addressing - the tigase convention uses the bare JID exactly as registered', () => {
  assert.deepEqual(addressOf(registrationOf({ account: 'Romeo@Example.net' })), { account: 'Romeo@Example.net' });
});

test('addressing - p2 uses the SHA-1 of account, NUL and device id, as sha1sum computes it', () => {
  const registration = registrationOf({ convention: 'p2', device: '92afd7a91cdba9a0' });
  assert.deepEqual(addressOf(registration), { account: 'f42438aa32bacfce0c716fa44e664bcda6ce971c' });
});

test('addressing - a room of p2 is named by its hash beside the account', () => {
  const device = '92afd7a91cdba9a0 4bfee930b5446872c0b6da610b1cae3e195c1f18';
  assert.deepEqual(addressOf(registrationOf({ convention: 'p2', device, room: 'verona@rooms.example.org' })), {
    account: 'f42438aa32bacfce0c716fa44e664bcda6ce971c',
    channel: '4bfee930b5446872c0b6da610b1cae3e195c1f18',
  });
});

test('addressing - a registration imported from p2 keeps its hash', () => {
  const accountHash = 'ec164939a8485ee6b7f7871071a11c7bb18aead5';
  const registration = registrationOf({ convention: 'p2', account: 'example.net', accountHash, device: accountHash });
  assert.deepEqual(addressOf(registration), { account: accountHash });
});

test('addressing - the other conventions name no account', () => {
  for (const convention of ['v1', 'raw-token'] as const) {
    assert.deepEqual(addressOf(registrationOf({ convention })), { account: '' });
  }
});
