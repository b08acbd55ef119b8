import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../../src/store/postgres/address.ts';

const cases: readonly [given: string, url: string, tls: boolean][] = [
  ['postgres://u:p@127.0.0.1/db', 'postgres://u:p@127.0.0.1/db', false],
  ['postgres://u@localhost:5433/db', 'postgres://u@localhost:5433/db', false],
  ['postgresql://u@[::1]/db', 'postgresql://u@[::1]/db', false],
  ['postgres://u@db/sealpost?host=/run/postgresql', 'postgres://u@db/sealpost?host=%2Frun%2Fpostgresql', false],
  ['postgres://u:p@db.example/db', 'postgres://u:p@db.example/db', true],
  ['postgres://u:p@db.example/db?sslmode=disable', 'postgres://u:p@db.example/db', false],
  ['postgres://u:p@db.example/db?sslmode=require', 'postgres://u:p@db.example/db', true],
  ['postgres://u:p@127.0.0.1/db?sslmode=verify-full', 'postgres://u:p@127.0.0.1/db', true],
];

for (const [given, url, tls] of cases) {
  test(`postgres address - ${given} is spoken to ${tls ? 'over TLS' : 'in clear'}`, () => {
    assert.deepEqual(parseAddress(given), { url, tls });
  });
}

test('postgres address - anything else is no address', () => {
  for (const text of ['mysql://u@db/x', 'postgres', '', 'http://db']) assert.equal(parseAddress(text), undefined);
});
