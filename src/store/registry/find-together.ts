import type { CompiledQuery, Kysely } from 'kysely';
import { shortKey } from '../../core/short-key.ts';
import { type FoundRow, registrationColumns, type Tables } from '../schema/tables.ts';

/** Nodes of one statement. With every power of two up to it, there are seven texts to prepare. */
const nodesAtOnce = 64;

interface Asked {
  readonly node: string;
  readonly key: string;
  readonly resolve: (row: FoundRow | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds registrations by their nodes where each statement is a round trip: what is asked for in one turn of the event loop,
 * as the publishes of one packet are, is found by one statement. A single node is not kept waiting. Whoever asks for a node
 * first hears first, so that the order of a device's publishes stays: of its wake-ups the newest has to win.
 * @returns resolves with the row, undefined if none is registered; rejects with the error of the statement
 */
export function createFindTogether(db: Kysely<Tables>): (node: string) => Promise<FoundRow | undefined> {
  const queries = new Map<number, CompiledQuery<FoundRow>>();
  let waiting: Asked[] = [];
  let isDue = false;
  /** Nodes of statements under way. One that is asked for again waits, since a later statement may overtake. */
  const underWay = new Set<string>();

  /** The statement for so many keys, compiled once: composing it would cost more than running it. */
  function queryFor(count: number): CompiledQuery<FoundRow> {
    const known = queries.get(count);
    if (known) return known;
    const named = db.selectFrom('registration').where('node_key', 'in', Array<string>(count).fill(''));
    const query = named.select(registrationColumns).where('removed_at_ms', 'is', null).compile();
    queries.set(count, query);
    return query;
  }

  async function ask(asked: readonly Asked[]): Promise<void> {
    const keys = [...new Set(asked.map(({ key }) => key))];
    const size = 2 ** Math.ceil(Math.log2(keys.length));
    const padding = Array<string>(size - keys.length).fill(keys[0] ?? '');
    for (const { node } of asked) underWay.add(node);
    try {
      const query: CompiledQuery<FoundRow> = { ...queryFor(size), parameters: [...keys, ...padding] };
      const { rows } = await db.executeQuery(query);
      const found = new Map(rows.map((row) => [row.node, row]));
      for (const { node, resolve } of asked) resolve(found.get(node));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      for (const { node } of asked) underWay.delete(node);
      if (waiting.length > 0) askAll();
    }
  }

  function askAll(): void {
    isDue = false;
    const asked = waiting;
    waiting = [];
    for (let i = 0; i < asked.length; i += nodesAtOnce) {
      const { now = [], later = [] } = Object.groupBy(asked.slice(i, i + nodesAtOnce), ({ node }) =>
        underWay.has(node) ? 'later' : 'now',
      );
      waiting.push(...later);
      if (now.length > 0) void ask(now);
    }
  }

  return (node) =>
    new Promise((resolve, reject) => {
      if (!isDue) setImmediate(askAll);
      isDue = true;
      waiting.push({ node, key: shortKey(node), resolve, reject });
    });
}
