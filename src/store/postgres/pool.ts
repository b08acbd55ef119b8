/** Connections to PostgreSQL: few, prepared, and not asked for while the server is away. */
import { Pool, type PoolClient } from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { backoffMs } from '../../time/backoff.ts';
import type { Clock, Random } from '../../time/clock.ts';
import type { PostgresAddress } from './address.ts';
import { isRefusal } from './reason.ts';
import type { PostgresSettings } from './settings.ts';

/** How long after the server's own time-out the driver gives up on a statement: the connection is cut then. Milliseconds. */
const graceMs = 1_000;
/** Pauses between attempts to connect to a server that is away: short, since pushes wait for it. Milliseconds. */
const reconnectBaseMs = 100;
const reconnectCapMs = 1_000;
/** Statements that are prepared on each connection. There are fewer texts, apart from lists of varying length. */
const preparedLimit = 100;
/** PostgreSQL's type numbers of BIGINT and NUMERIC. Their values here are counts, bytes and milliseconds. */
const numberTypes: ReadonlySet<number> = new Set([20, 1700]);

export interface PoolOptions {
  readonly address: PostgresAddress;
  readonly settings: PostgresSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Called with the error of each statement that fails, and of each connection that cannot be had. */
  readonly onError?: (error: unknown) => void;
}

/** A pool as kysely wants it. Statements that come again are prepared once for each connection. */
export function createPool({ address, settings, clock, random, onError }: PoolOptions): PostgresPool {
  const { connections, connectTimeoutMs, statementTimeoutMs, ca } = settings;
  const pool = new Pool({
    connectionString: address.url,
    ssl: address.tls ? { ...(ca !== undefined && { ca }) } : false,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    application_name: 'sealpost',
    keepAlive: true,
    types: { getTypeParser: (type: number) => (numberTypes.has(type) ? Number : (text: string) => text) },
  });
  // An idle connection may end; the next statement opens another one.
  pool.on('error', () => undefined);
  // If a connection ends during a statement, that statement fails. Without a listener the process would end too.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  const names = new Map<string, string>();
  let failures = 0;
  let notBeforeMs = -Infinity;
  let lastError: unknown;

  /** The name under which a connection prepares this text; undefined: too many others are prepared. */
  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || names.size >= preparedLimit) return known;
    const name = `sealpost_${names.size}`;
    names.set(text, name);
    return name;
  }

  function prepare(client: PoolClient): PostgresPoolClient {
    let isBroken = false;
    const run = async (text: string, values: readonly unknown[]) => {
      const name = values.length > 0 ? nameOf(text) : undefined;
      try {
        return await client.query({ text, values: [...values], ...(name !== undefined && { name }) });
      } catch (error) {
        isBroken ||= !isRefusal(error);
        onError?.(error);
        throw error;
      }
    };
    // kysely's other form of `query` takes cursors, which nobody here opens.
    const query = run as unknown as PostgresPoolClient['query'];
    return { query, release: () => client.release(isBroken) };
  }

  return {
    options: {},
    async connect() {
      if (failures > 0 && clock.monotonic() < notBeforeMs) {
        onError?.(lastError);
        throw lastError;
      }
      try {
        const client = await pool.connect();
        failures = 0;
        return prepare(client);
      } catch (error) {
        onError?.(error);
        // All connections are busy: that says nothing about the way to the server.
        if (pool.totalCount >= connections) throw error;
        failures += 1;
        lastError = error;
        const pauseMs = backoffMs({ attempt: failures, baseMs: reconnectBaseMs, capMs: reconnectCapMs, random });
        notBeforeMs = clock.monotonic() + pauseMs;
        throw error;
      }
    },
    end: () => pool.end(),
  };
}
