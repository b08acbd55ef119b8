import type { Insertable, Kysely } from 'kysely';
import type { Clock } from '../../time/clock.ts';
import type { QueuedPushTable, Tables } from '../schema/tables.ts';
import type { Counted, Counters } from './counters.ts';
import type { OutboxLimits, OutboxTiming } from './limits.ts';
import { countOf, insert, trim } from './statements.ts';

type Row = Insertable<QueuedPushTable>;

/** Pushes that are written together. */
const together = 500;

export interface EnqueuerOptions {
  readonly db: Kysely<Tables>;
  /** How many rows one statement takes. */
  readonly rowsPerStatement: number;
  readonly clock: Clock;
  readonly limits: Pick<OutboxLimits, 'perRegistration' | 'waiting'>;
  readonly timing: Pick<OutboxTiming, 'enqueueWithinMs'>;
  readonly counters: Counters;
  /** @throws when what is written now would be lost */
  readonly refuseWhenLost: () => void;
  /** Whether the rows of a failed statement may be stored one by one. */
  readonly isRowFault: (error: unknown) => boolean;
  /** Called with pushes that were dropped for newer ones of the same registration. */
  readonly onReplaced: (pushes: readonly Counted[]) => void;
  /** Called after each attempt to store; undefined: it succeeded. */
  readonly onWritten: (error: unknown) => void;
}

interface Waiting {
  readonly row: Row;
  answer(result: 'stored' | 'failed'): void;
}

/** Stores pushes. Those that arrive while the database writes are written together next. */
export interface Enqueuer {
  enqueue(row: Row): Promise<'stored' | 'full' | 'failed'>;
  /** Resolves when nothing waits to be written. */
  whenIdle(): Promise<void>;
}

export function createEnqueuer(options: EnqueuerOptions): Enqueuer {
  const { db, rowsPerStatement, clock, limits, timing, counters, refuseWhenLost, isRowFault } = options;
  const { onReplaced, onWritten } = options;
  const waiting = new Set<Waiting>();
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    // One turn of the event loop brings many.
    await Promise.resolve();
    while (waiting.size > 0) {
      const batch = waiting.values().take(together).toArray();
      for (const one of batch) waiting.delete(one);
      await Promise.all(chunks(batch, rowsPerStatement).map(write));
      await trimNodes(batch.map(({ row }) => row.node));
    }
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    const rows = batch.map(({ row }) => row);
    let stored: readonly Counted[] = [];
    let failure: unknown;
    try {
      refuseWhenLost();
      stored = await insert(db, rows);
    } catch (error) {
      if (batch.length > 1 && isRowFault(error)) {
        await Promise.all(batch.map((one) => write([one])));
        return;
      }
      failure = error;
    }
    // Those that failed, and those that were there already, do not count.
    counters.subtract(rows);
    counters.add(stored);
    onWritten(failure);
    for (const { answer } of batch) answer(failure === undefined ? 'stored' : 'failed');
  }

  /** What cannot be removed now is removed when the registration gets its next push. */
  async function trimNodes(nodes: readonly string[]): Promise<void> {
    const work = chunks([...new Set(nodes)], rowsPerStatement).map(async (some) => {
      const replaced = await trim(db, some, limits.perRegistration);
      counters.subtract(replaced);
      onReplaced(replaced);
    });
    await Promise.allSettled(work);
  }

  /** Whether the push will displace another one of its registration, and so need no room. */
  async function displaces({ node }: Row): Promise<boolean> {
    try {
      return (await countOf(db, node)) >= limits.perRegistration;
    } catch {
      return false;
    }
  }

  return {
    async enqueue(row) {
      if (waiting.size >= limits.waiting) return 'full';
      if (counters.isFull(row) && !(await displaces(row))) return 'full';
      return new Promise((resolve) => {
        const one: Waiting = {
          row,
          answer(result) {
            cancel();
            resolve(result);
          },
        };
        const cancel = clock.after(timing.enqueueWithinMs, () => {
          if (waiting.delete(one)) counters.subtract([row]);
          resolve('failed');
        });
        // From now on, so that pushes that arrive at once do not all find the last place free.
        counters.add([row]);
        waiting.add(one);
        writing ??= writeAll().finally(() => (writing = undefined));
      });
    },
    async whenIdle() {
      await writing;
    },
  };
}

/** The same items in parts of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
