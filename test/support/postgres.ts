import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { missingPackage } from './debian.ts';
import { accepting, freePort, stopProcess } from './process.ts';

const [binaries = '/usr/lib/postgresql/none/bin'] = globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed();

/** False where Debian's PostgreSQL is installed, otherwise the reason to skip. */
export function missingPostgres(): false | string {
  return missingPackage('postgresql', join(binaries, 'postgres'));
}

/** A PostgreSQL server of the test's own, on a free port of loopback. */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database and gives its URL. */
  createDatabase(): Promise<string>;
  /** Executes statements in a database of the server. */
  query(sql: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  start(): Promise<void>;
  /** `immediate`: as after a power cut. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** Stops it and deletes its files. */
  remove(): Promise<void>;
}

/** Starts a server. It refuses to run as root, so that root runs it as Debian's user for it. */
export async function startPostgres(settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-postgres-'));
  const data = join(folder, 'data');
  const owner = process.getuid?.() === 0 ? ownerOf('postgres') : {};
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid ?? owner.uid);
  const made = spawnSync(
    join(binaries, 'initdb'),
    ['--pgdata', data, '--username', 'sealpost', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    { ...owner, encoding: 'utf8', cwd: folder },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  let server: ChildProcess | undefined;
  let databases = 0;

  async function query(sql: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ host: '127.0.0.1', port, user: 'sealpost', database });
    await client.connect();
    try {
      return ((await client.query(sql)) as { rows: Record<string, unknown>[] }).rows;
    } finally {
      await client.end();
    }
  }

  async function start(): Promise<void> {
    const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings];
    const started = spawn(join(binaries, 'postgres'), ['-D', data, ...options.flatMap((option) => ['-c', option])], {
      ...owner,
      cwd: folder,
      stdio: 'ignore',
    });
    server = started;
    await accepting(port, started, 30_000);
    for (;;) {
      try {
        await query('SELECT 1');
        return;
      } catch (error) {
        // It accepts connections before it has recovered.
        if (started.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async function stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server?.once('exit', resolve));
    server.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  }

  await start();
  return {
    port,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await query(`CREATE DATABASE ${name}`);
      return `postgres://sealpost@127.0.0.1:${port}/${name}`;
    },
    query,
    start,
    stop,
    async remove() {
      await stop('immediate');
      if (server) await stopProcess(server);
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ownerOf(user: string): { readonly uid?: number; readonly gid?: number } {
  const idOf = (flag: string) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout);
  return { uid: idOf('-u'), gid: idOf('-g') };
}
