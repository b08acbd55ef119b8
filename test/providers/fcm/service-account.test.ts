import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createApnsKey, createServiceAccount } from '../../../src/harness/stand-ins/certificates.ts';
import { CredentialError } from '../../../src/providers/credential-file.ts';
import { readServiceAccount } from '../../../src/providers/fcm/service-account.ts';

let right: Record<string, unknown>;
before(async () => void (right = JSON.parse((await createServiceAccount('example')).json) as typeof right));

const read = (value: unknown) => readServiceAccount(Buffer.from(JSON.stringify(value)));

test('service account - what is needed of the key file is read', () => {
  assert.deepEqual(read(right), {
    projectId: 'example',
    clientEmail: 'sealpost@example.iam.gserviceaccount.com',
    privateKey: right['private_key'],
  });
});

const rows: [what: string, change: () => Promise<Record<string, unknown>> | Record<string, unknown>, named: string][] =
  [
    ['the credentials of a person', () => ({ type: 'authorized_user' }), 'type'],
    ['no type', () => ({ type: undefined }), 'type'],
    ['a project that leads elsewhere', () => ({ project_id: 'a/../b' }), 'project_id'],
    ['no address', () => ({ client_email: '' }), 'client_email'],
    ['a key that is cut', () => ({ private_key: String(right['private_key']).slice(0, 200) }), 'private_key'],
    ['a key that signs otherwise', async () => ({ private_key: (await createApnsKey()).privateKey }), 'private_key'],
    [
      'nothing at all',
      () => ({ type: 1, project_id: 1, client_email: 1, private_key: 1 }),
      'type, project_id, client_email, private_key',
    ],
  ];
for (const [what, change, named] of rows) {
  test(`service account - ${what}: the fields are named, and not what they hold`, async () => {
    const value = { ...right, ...(await change()) };
    assert.throws(
      () => read(value),
      (error) => {
        assert.ok(error instanceof CredentialError);
        assert.equal(error.message, `is not the key file of a service account: ${named} missing or not usable`);
        assert.match(error.hint, /Firebase console/);
        return true;
      },
    );
  });
}

test('service account - what is no JSON object is said to be none', () => {
  assert.throws(() => readServiceAccount(Buffer.from('{')), { message: 'is not JSON' });
  for (const value of [null, [], 'x', 7]) assert.throws(() => read(value), /is not the key file of a service account/);
});
