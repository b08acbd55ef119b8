import { renameSync } from 'node:fs';
import type { OutboxState } from './contract.ts';
import { identify } from '../sqlite/file-identity.ts';
import { beginSalvaged, openFile, setAside } from './database-file.ts';
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
import { salvage } from './recovery.ts';
import { forgetTimesToCome } from './clock-step.ts';
import { sqliteReason } from '../sqlite/reason.ts';
import { createStore, type Store, type Written } from './store.ts';

export interface KeeperOptions extends ThreadData {
  /** Wall time, milliseconds since 1970. */
  readonly now: () => number;
}

/** Keeps the file usable through whatever happens to it. Blocks its thread while the disk works. */
export interface Keeper {
  /** Tries to open the file. Refused is only what needs somebody to decide; the rest is tried again with each batch. */
  open(): Opening;
  /** Never throws: what could not be done is `failed`. Changes and puts succeed or fail apart from each other. */
  handle(batch: Batch): BatchReply;
  close(): void;
}

/** After these the open file is as good as before; after all others it is opened anew. */
const harmless: ReadonlySet<string> = new Set(['disk-full', 'locked']);

export function createKeeper({ path, run, limits, timing, now }: KeeperOptions): Keeper {
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
      forgetTimesToCome(database, now());
      opened = { store: createStore({ database, run, limits, timing }), identity: identify(path) };
    }
    return opened.store;
  }

  /** Until the new file has all that can be read the damaged one stays where it is, so that a crash meets it once more. */
  function replaceDamaged(): void {
    close();
    const salvaged = beginSalvaged(path);
    const fresh = openFile({ ...file, path: salvaged });
    let saved: number;
    try {
      saved = salvage(path, fresh);
    } finally {
      fresh.close();
    }
    const keptAs = setAside(path, now());
    renameSync(salvaged, path);
    incidents.push({ kind: 'damaged', keptAs, saved });
  }

  /** Runs the work on the open store; once more, on a new file, when the old one turns out to be damaged. */
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

      // Changes first, and apart: they make room, and what a full disk does to the puts must not undo them.
      const changes = operations.filter(isChange);
      write(changes, (store) => store.change(changes));
      const puts = operations.filter((operation) => operation.kind === 'enqueue');
      write(puts, (store) => store.enqueue(puts));

      const passOver = new Set(leased);
      for (const operation of changes) {
        if (operation.kind === 'complete' && results.has(operation)) passOver.delete(operation.id);
      }
      for (const operation of operations.filter(isRead)) {
        try {
          const result = withStore((store) => store.read(operation, passOver));
          results.set(operation, result);
          if (result.kind !== 'leased' || result.rows.length === 0) continue;
          const ids = result.rows.map(({ id }) => id);
          for (const id of ids) passOver.add(id);
          withStore((store) => store.mark(ids));
        } catch {
          // What was not read is left out, that is `failed`; what could not be marked is sent all the same. Whether the
          // store works, the writes say.
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
