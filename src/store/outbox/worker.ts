import { renameSync } from 'node:fs';
import type { OutboxState } from './contract.ts';
import { identify } from '../sqlite/file-identity.ts';
import { beginRecovered, openFile, setAside } from './database-file.ts';
import type {
  Batch,
  BatchReply,
  ChangeOperation,
  Dropped,
  Incident,
  Opening,
  Operation,
  ReadOperation,
  Result,
  ThreadData,
} from './worker-protocol.ts';
import { OutboxError } from './outbox-error.ts';
import { recoverPushes } from './recovery.ts';
import { capDueTimes } from './clock-step.ts';
import { sqliteReason } from '../sqlite/reason.ts';
import { createStore, type Store, type Written } from './store.ts';

export interface OutboxWorkerOptions extends ThreadData {
  /** Wall time in milliseconds since 1970. */
  readonly now: () => number;
}

/** Works on the outbox file and repairs or replaces it if needed. Blocks its thread while the disk works. */
export interface OutboxWorker {
  /** Tries to open the file. `refused`: an operator has to decide; any other failure is retried with each batch. */
  open(): Opening;
  /** Never throws: what could not be done is `failed`. Changes and enqueued pushes fail independently. */
  handle(batch: Batch): BatchReply;
  close(): void;
}

/** Errors after which the open file can still be used; after others it is opened again. */
const harmless: ReadonlySet<string> = new Set(['disk-full', 'locked']);

export function createOutboxWorker({ path, run, limits, timing, now }: OutboxWorkerOptions): OutboxWorker {
  const file = { path, lockWaitMs: timing.lockWaitMs, ...(limits.pages !== undefined && { pages: limits.pages }) };
  let opened: { readonly store: Store; readonly identity: string | undefined } | undefined;
  let state: OutboxState = { kind: 'working' };
  let incidents: Incident[] = [];

  function close(): void {
    const { store } = opened ?? {};
    opened = undefined;
    try {
      store?.close();
    } catch {
      // What is only in the WAL is read from there at the next opening.
    }
  }

  function openStore(): Store {
    if (opened && opened.identity !== identify(path)) {
      incidents.push({ kind: 'moved' });
      close();
    }
    if (!opened) {
      const database = openFile(file);
      capDueTimes(database, now());
      opened = { store: createStore({ database, run, limits, timing }), identity: identify(path) };
    }
    return opened.store;
  }

  /** Replaces a damaged file, which stays in place until the new one is complete, so that a crash meets it again. */
  function replaceDamaged(): void {
    close();
    const recovered = beginRecovered(path);
    const fresh = openFile({ ...file, path: recovered });
    let saved: number;
    try {
      saved = recoverPushes(path, fresh);
    } finally {
      fresh.close();
    }
    const keptAs = setAside(path, now());
    renameSync(recovered, path);
    incidents.push({ kind: 'damaged', keptAs, saved });
  }

  /** Runs the work on the open store, and once more on a new file if the file is damaged. */
  function withStore<T>(work: (store: Store) => T): T {
    try {
      return work(openStore());
    } catch (error) {
      const reason = sqliteReason(error);
      if (!harmless.has(reason)) close();
      if (reason !== 'damaged') throw error;
      replaceDamaged();
      return work(openStore());
    }
  }

  return {
    open() {
      incidents = [];
      try {
        withStore(() => undefined);
      } catch (error) {
        if (error instanceof OutboxError) return { kind: 'refused', message: error.message, hint: error.hint };
        state = { kind: 'failing', reason: sqliteReason(error) };
      }
      return { kind: 'opened', state, incidents };
    },

    handle({ operations, leased }) {
      incidents = [];
      const results = new Map<Operation, Result>();
      const dropped: Dropped[] = [];

      function write(chosen: readonly Operation[], work: (store: Store) => Written): void {
        if (chosen.length === 0) return;
        try {
          const written = withStore(work);
          chosen.forEach((operation, index) => results.set(operation, written.results[index] ?? { kind: 'failed' }));
          dropped.push(...written.dropped);
          state = { kind: 'working' };
        } catch (error) {
          state = { kind: 'failing', reason: sqliteReason(error) };
        }
      }

      // Changes come first and separately: they free space, and a full disk that fails new pushes must not undo them.
      const changes = operations.filter(isChange);
      write(changes, (store) => store.change(changes));
      const enqueued = operations.filter((operation) => operation.kind === 'enqueue');
      write(enqueued, (store) => store.enqueue(enqueued));

      const excluded = new Set(leased);
      for (const operation of changes) {
        if (operation.kind === 'complete' && results.has(operation)) excluded.delete(operation.id);
      }
      for (const operation of operations.filter(isRead)) {
        try {
          const result = withStore((store) => store.read(operation, excluded));
          results.set(operation, result);
          if (result.kind !== 'leased' || result.rows.length === 0) continue;
          const ids = result.rows.map(({ id }) => id);
          for (const id of ids) excluded.add(id);
          withStore((store) => store.mark(ids));
        } catch {
          // A failed read stays `failed`; unmarked pushes are sent all the same. The writes decide the state.
        }
      }

      const inOrder = operations.map((operation) => results.get(operation) ?? { kind: 'failed' as const });
      return { kind: 'batch', results: inOrder, dropped: merge(dropped), state, incidents } satisfies BatchReply;
    },

    close,
  };
}

function isRead(operation: Operation): operation is ReadOperation {
  return operation.kind === 'lease' || operation.kind === 'stats';
}

function isChange(operation: Operation): operation is ChangeOperation {
  return operation.kind !== 'enqueue' && !isRead(operation);
}

function merge(dropped: readonly Dropped[]): Dropped[] {
  const groups = Map.groupBy(dropped, ({ app, cause }) => `${cause} ${app}`);
  return [...groups.values()].flatMap((group) => group.slice(0, 1).map((first) => ({ ...first, count: group.length })));
}
