import type { Kysely } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import type { Tables } from '../schema/tables.ts';
import type { Counters } from './counters.ts';
import { chunks } from './enqueue.ts';
import type { OutboxTiming } from './limits.ts';
import { complete, reschedule } from './statements.ts';

type Change =
  { readonly kind: 'complete' } | { readonly kind: 'reschedule'; readonly dueAtMs: number; readonly attempts: number };

/** Changes that are written together. */
const together = 500;

export interface ChangesOptions {
  readonly db: Kysely<Tables>;
  readonly rowsPerStatement: number;
  readonly clock: Clock;
  readonly timing: Pick<OutboxTiming, 'retryMs'>;
  readonly counters: Counters;
}

/**
 * What became of leased pushes, written soon and until it succeeds. Each leased push is changed once, so there are no more
 * changes than leases.
 */
export interface Changes {
  complete(id: string): void;
  reschedule(id: string, dueAtMs: number, attempts: number): void;
  /** Whether a change of this push is not written yet, so that the store does not know it. */
  has(id: string): boolean;
  /** Tries to write everything once; resolves when that is over. */
  flush(): Promise<void>;
}

/** @param onWritten called with the id of each push whose change was written */
export function createChanges(options: ChangesOptions, onWritten: (id: string) => void): Changes {
  const { db, rowsPerStatement, clock, timing, counters } = options;
  const changes = new Map<string, Change>();
  let writing: Promise<void> | undefined;
  let cancelRetry: (() => void) | undefined;

  function note(id: string, change: Change): void {
    // What is complete is not sent again, whatever is said of it later.
    if (change.kind === 'complete' || changes.get(id)?.kind !== 'complete') changes.set(id, change);
    if (!cancelRetry) void flush();
  }

  function flush(): Promise<void> {
    return (writing ??= writeAll().finally(() => {
      writing = undefined;
      if (changes.size > 0 && !cancelRetry) void flush();
    }));
  }

  async function writeAll(): Promise<void> {
    cancelRetry?.();
    cancelRetry = undefined;
    await Promise.resolve();
    // Not what comes meanwhile, which may have no end.
    for (const batch of chunks([...changes], together)) {
      const completed = batch.filter(([, { kind }]) => kind === 'complete');
      const work = [
        ...chunks(completed, rowsPerStatement).map((some) => writeCompleted(some)),
        ...batch.map(([id, change]) => writeRescheduled(id, change)),
      ];
      const results = await Promise.allSettled(work);
      if (results.every(({ status }) => status === 'fulfilled')) continue;
      cancelRetry = clock.after(timing.retryMs, () => void flush());
      return;
    }
  }

  async function writeCompleted(some: readonly (readonly [string, Change])[]): Promise<void> {
    const ids = some.map(([id]) => id);
    counters.subtract(await complete(db, ids));
    for (const [id, change] of some) written(id, change);
  }

  async function writeRescheduled(id: string, change: Change): Promise<void> {
    if (change.kind !== 'reschedule') return;
    await reschedule(db, id, change.dueAtMs, change.attempts);
    written(id, change);
  }

  function written(id: string, change: Change): void {
    // Another one may have come meanwhile.
    if (changes.get(id) !== change) return;
    changes.delete(id);
    onWritten(id);
  }

  return {
    complete: (id) => note(id, { kind: 'complete' }),
    reschedule: (id, dueAtMs, attempts) => note(id, { kind: 'reschedule', dueAtMs, attempts }),
    has: (id) => changes.has(id),
    flush,
  };
}
