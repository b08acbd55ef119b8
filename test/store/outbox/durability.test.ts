import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { openFile } from '../../../src/store/outbox/database-file.ts';
import { outboxLimits, outboxTiming } from '../../../src/store/outbox/limits.ts';
import type { EnqueueOperation } from '../../../src/store/outbox/worker-protocol.ts';
import { createStore } from '../../../src/store/outbox/store.ts';
import { toRow } from '../../../src/store/outbox/stored-push.ts';
import { folderFor, id, queued, startMs } from './support.ts';

// https://sqlite.org/pragma.html#pragma_synchronous
const NORMAL = 1;
const FULL = 2;

const synchronousOf = (database: DatabaseSync) => database.prepare('PRAGMA synchronous').get()?.['synchronous'];

function open(context: TestContext) {
  const database = openFile({ path: join(folderFor(context), 'sealpost.outbox.db'), lockWaitMs: 1_000 });
  const store = createStore({ database, run: 1, limits: outboxLimits, timing: outboxTiming });
  context.after(() => store.close());
  return { database, store };
}

const put = (n: number): EnqueueOperation => ({ kind: 'enqueue', row: toRow(queued(n), startMs) });

test('outbox durability - what is put is committed with a sync of the disk, also after changes without one', (context) => {
  const { database, store } = open(context);
  // It cannot be set within a transaction, so that it is afterwards what it was at the commit.
  store.enqueue([put(1)]);
  assert.equal(synchronousOf(database), FULL);
  store.change([{ kind: 'reschedule', id: id(1), dueAtMs: startMs, attempts: 2 }]);
  assert.equal(synchronousOf(database), NORMAL);
  store.enqueue([put(2)]);
  assert.equal(synchronousOf(database), FULL);
});

test('outbox durability - what is salvaged from a damaged file is committed with a sync of the disk', (context) => {
  const { database } = open(context);
  assert.equal(synchronousOf(database), FULL);
  assert.equal(database.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal');
});
