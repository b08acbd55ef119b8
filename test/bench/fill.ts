/** Fills a SQLite store with registrations, written straight into its table since the link would take hours for ten million. */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { foldedKey, shortKey } from '../../src/core/short-key.ts';
import { createDevice } from './devices.ts';
import { domains, type DeviceRow, type ProviderName } from './protocol.ts';

/** Rows between two looks at whether the run was interrupted. */
const batch = 50_000;

const apps: Readonly<Record<ProviderName, string>> = { apns: 'siskin', fcm: 'android' };

export interface FillOptions {
  /** A store whose tables the server has made. */
  readonly path: string;
  readonly registrations: number;
  /** How many of each provider to return, evenly from the whole. */
  readonly sample: number;
  readonly signal: AbortSignal;
  report(text: string): void;
}

/** Half of the registrations are of APNs, half of FCM. Resolves with those that may be published to. */
export async function fillStore(options: FillOptions): Promise<Readonly<Record<ProviderName, readonly DeviceRow[]>>> {
  const { path, registrations, sample, signal, report } = options;
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000');
    const insert = database.prepare(
      `INSERT INTO registration (node_key, node, app, convention, account, account_key, device_key, token, token_key,
        registered_at_ms, component)
      VALUES (?, ?, ?, 'tigase', ?, ?, ?, ?, ?, 1700000000000, ?)`,
    );
    const sampled: Record<ProviderName, DeviceRow[]> = { apns: [], fcm: [] };
    const every = Math.max(1, Math.floor(registrations / 2 / sample));
    for (let first = 0; first < registrations; first += batch) {
      report(`filling the store: ${first} of ${registrations}`);
      await new Promise(setImmediate);
      signal.throwIfAborted();
      database.exec('BEGIN');
      for (let number = first; number < Math.min(registrations, first + batch); number += 1) {
        const provider = number % 2 === 0 ? 'apns' : 'fcm';
        const { home, account, token } = createDevice(provider, number);
        // As long as a sealed node.
        const node = randomBytes(107).toString('base64url');
        const [accountKey, tokenKey] = [foldedKey(account), foldedKey(token)];
        insert.run(
          ...[shortKey(node), node, apps[provider], account, accountKey, tokenKey, token, tokenKey, domains.server],
        );
        // Shifted by one each time: devices of the same few domains would reach their rate limit.
        const isSampled =
          (number >> 1) % every === sampled[provider].length % every && sampled[provider].length < sample;
        if (isSampled) sampled[provider].push({ home, account, token, node });
      }
      database.exec('COMMIT');
    }
    // The server counts registrations as they come in, and believes this table at its start.
    database.exec(`INSERT INTO registration_count (domain, app, registrations, day, made)
      SELECT substr(account, instr(account, '@') + 1), app, count(*), 0, 0 FROM registration GROUP BY 1, 2
      ON CONFLICT (domain, app) DO UPDATE SET registrations = excluded.registrations`);
    return sampled;
  } finally {
    database.close();
  }
}
