/** The stores that servers are measured on. Each is made when a case first asks for it, and lives as long as the run. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startPostgres } from '../support/postgres.ts';

export interface Store {
  /** Names its devices at the generator. */
  readonly name: string;
  /** `store:` of the config. */
  readonly url: string;
  /** File of a SQLite store. */
  readonly path?: string;
  /** `nodes.key` of the config. */
  readonly nodeKey: string;
  /** For the config and what else the server needs. */
  readonly folder: string;
}

export interface Stores extends AsyncDisposable {
  /** A SQLite file of this name; empty when it is new. */
  sqlite(name: string): Promise<Store>;
  /** A database of Debian's PostgreSQL with its default settings, on this machine; empty when it is new. */
  postgres(name: string): Promise<Store>;
}

/** @param createFolder makes an empty temporary folder */
export function createStores(createFolder: () => Promise<string>): Stores {
  const stores = new Map<string, Promise<Store>>();
  let server: ReturnType<typeof startPostgres> | undefined;

  const once = (name: string, make: () => Promise<Pick<Store, 'url' | 'path' | 'folder'>>) => {
    const known = stores.get(name);
    if (known) return known;
    const made = make().then((store) => ({ ...store, name, nodeKey: randomBytes(32).toString('base64') }));
    stores.set(name, made);
    return made;
  };

  return {
    sqlite: (name) =>
      once(name, async () => {
        const folder = await createFolder();
        const path = join(folder, 'sealpost.db');
        return { url: `sqlite:${path}`, path, folder };
      }),
    postgres: (name) =>
      once(name, async () => {
        server ??= startPostgres([]);
        const database = await server;
        return { url: await database.createDatabase(), folder: await createFolder() };
      }),
    async [Symbol.asyncDispose]() {
      await (await server)?.remove();
    },
  };
}
