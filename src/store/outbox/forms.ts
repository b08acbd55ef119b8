import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Tables } from '../schema/tables.ts';

/** By database, the queries that were composed. There is one for each name and number of rows, so there are few. */
const formsOf = new WeakMap<Kysely<Tables>, Map<string, CompiledQuery>>();

/**
 * Executes a query that is composed once for each form: composing it costs more than executing it.
 * @param form name of the query, with the number of its rows
 * @param compose makes the query; the values in it do not matter
 * @param parameters in the order of their places
 */
export function executeForm<Row>(
  db: Kysely<Tables>,
  form: string,
  compose: () => Compilable<Row>,
  parameters: readonly unknown[],
): Promise<QueryResult<Row>> {
  const forms = formsOf.get(db) ?? new Map<string, CompiledQuery>();
  formsOf.set(db, forms);
  const composed = (forms.get(form) as CompiledQuery<Row> | undefined) ?? compose().compile();
  forms.set(form, composed);
  return db.executeQuery({ ...composed, parameters });
}
