import { after } from 'node:test';
import { createSecret } from '../../src/core/secret.ts';
import { testRegistry } from '../store/registry/contract-table.ts';
import { missingPostgres, startPostgres } from '../support/postgres.ts';

const skip = missingPostgres();
const server = skip ? undefined : await startPostgres();
after(() => server?.remove());

testRegistry({
  name: 'postgres',
  skip,
  prepare: async () => ({ kind: 'postgres', url: createSecret((await server?.createDatabase()) ?? '') }),
});
