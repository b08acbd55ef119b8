import { randomBytes } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import type { Clock } from '../time/clock.ts';
import type { Config } from '../config/config.ts';
import { type ForeignRegistration, IMPORT_BATCH, type ImportOutcome } from '../store/registry/contract.ts';
import { sealedConventions } from '../conventions/all.ts';
import { openNodeNames } from '../nodes/open-node-names.ts';
import { openDatabase } from '../store/open.ts';
import { openPostgresPreview, openSqlitePreview, type Preview } from '../store/preview.ts';
import { createRegistry } from '../store/registry/registry.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Convention } from '../conventions/convention.ts';
import { p2 } from '../conventions/p2.ts';
import { v1 } from '../conventions/v1.ts';
import { chooseApps } from './apps.ts';
import { readCsv, translateCsv } from './csv.ts';
import { p2Table, translateP2 } from './p2.ts';
import { createProgress } from './progress.ts';
import { readProsody, translateProsody } from './prosody.ts';
import { ImportError, type Source, type Translate } from './source.ts';
import { readDump } from './sql-dump.ts';

/** Sources that registrations can be imported from. */
export const origins = ['p2', 'mod_push_appserver', 'csv'] as const;
export type Origin = (typeof origins)[number];

export interface ImportOptions {
  readonly from: Origin;
  /** A dump, a CSV file, a folder of Prosody's datastore or one file of it. */
  readonly path: string;
  /** The app that everything belongs to; needed for CSV if the config has more than one. */
  readonly app?: string;
  /** Only shows what would happen. */
  readonly dryRun: boolean;
  readonly config: Pick<Config, 'store' | 'postgres' | 'apps' | 'nodes' | 'registrations'>;
  readonly clock: Clock;
  readonly output: { write(text: string): unknown };
  readonly errorOutput: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Result of an import, in rows. */
export interface ImportReport {
  readonly taken: number;
  readonly present: number;
  /** Rows that were not imported, by reason. */
  readonly refused: ReadonlyMap<string, number>;
}

/** Most lines about single rows; further rows are only counted. */
export const MAX_REPORTED = 1_000;

const REFUSAL_REASONS: Readonly<Record<Exclude<ImportOutcome, 'taken' | 'present'>, string>> = {
  removed: 'was imported before and has been removed since',
  'node-taken': 'node belongs to a registration with another secret',
  'device-known': 'device has a registration of its own here',
};

/**
 * Imports registrations from another push app server, `IMPORT_BATCH` at a time. An interrupted import has stored some
 * of them and can be run again. A server that uses the same store may be running.
 * @throws ImportError if the file or the arguments are not usable, StoreError
 */
export async function runImport(options: ImportOptions): Promise<ImportReport> {
  const { dryRun, clock, output, errorOutput } = options;
  const { source, translate, totalBytes, readBytes } = await openSource(options);
  const store = await openStore(options);
  const progress = createProgress({ output: errorOutput, clock, totalBytes });
  const counts = { taken: 0, present: 0, rows: 0, reported: 0 };
  const refused = new Map<string, number>();
  let batch: { where: string; registration: ForeignRegistration }[] = [];

  const refuse = (where: string, reason: string): void => {
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    counts.reported += 1;
    if (counts.reported > MAX_REPORTED) return;
    progress.end();
    output.write(`${where}: ${reason}\n`);
    if (counts.reported === MAX_REPORTED) output.write(`… more than ${MAX_REPORTED}: the others are only counted\n`);
  };
  const flush = async (): Promise<void> => {
    const outcomes = await store.importRegistrations(batch.map(({ registration }) => registration));
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome === 'taken' || outcome === 'present') counts[outcome] += 1;
      else refuse(batch[i]?.where ?? '', REFUSAL_REASONS[outcome]);
    }
    batch = [];
    progress.show({ bytes: readBytes(), rows: counts.rows });
  };

  try {
    for await (const row of source) {
      counts.rows += 1;
      const registration = 'refused' in row ? row.refused : translate(row.fields);
      if (typeof registration === 'string') refuse(row.where, registration);
      else batch.push({ where: row.where, registration });
      if (batch.length === IMPORT_BATCH) await flush();
    }
    await flush();
  } finally {
    progress.end();
    await store.close();
    output.write(summarise({ ...counts, refused }, dryRun));
  }
  return { taken: counts.taken, present: counts.present, refused };
}

async function openStore({ config, dryRun, clock, output }: ImportOptions): Promise<Preview> {
  const { store, postgres } = config;
  const random = Math.random;
  if (dryRun && store.kind === 'sqlite') return openSqlitePreview(store.path);
  if (dryRun && store.kind === 'postgres') {
    return openPostgresPreview({ url: store.url, settings: postgres, clock, random });
  }
  const log = createLog('silent');
  const metrics = createMetrics('import');
  const storePath = store.kind === 'sqlite' ? store.path : undefined;
  const nodes = openNodeNames({ config: config.nodes, storePath, conventions: sealedConventions, randomBytes, log });
  const database = await openDatabase({ store, postgres, clock, random, log, metrics });
  const registry = await createRegistry({ database, nodes, limits: config.registrations, clock, log, metrics });
  return {
    importRegistrations: registry.importRegistrations,
    async close() {
      await database.close();
      if (nodes.missingLines === '') return;
      output.write(
        `add below the node key of the config, so that no node is lost with the store: ${nodes.missingLines}\n`,
      );
    },
  };
}

interface OpenedSource {
  readonly source: Source;
  readonly translate: Translate;
  /** Undefined for a folder, whose size takes as long to find out as its content. */
  readonly totalBytes: number | undefined;
  readonly readBytes: () => number;
}

async function openSource({ from, path, app, config }: ImportOptions): Promise<OpenedSource> {
  const choose = (convention: Convention) => chooseApps(config.apps, convention, app);
  const translate = {
    p2: () => translateP2(choose(p2)),
    mod_push_appserver: () => translateProsody(choose(v1)),
    csv: () => translateCsv(onlyApp(config, app)),
  }[from]();
  const about = await look(path);
  if (about.isDirectory() || from === 'mod_push_appserver') {
    if (from !== 'mod_push_appserver') throw new ImportError(`${path} is a folder: name a file`);
    const source = readProsody(path, about.isDirectory());
    return { source, translate, totalBytes: undefined, readBytes: () => 0 };
  }
  const input = createReadStream(path, 'utf8');
  const source = from === 'csv' ? readCsv(input) : readDump(input as AsyncIterable<string>, p2Table);
  return { source, translate, totalBytes: about.size, readBytes: () => input.bytesRead };
}

/** What a path leads to, if it can be read. */
async function look(path: string): Promise<Stats> {
  try {
    const about = await stat(path);
    await access(path, constants.R_OK);
    return about;
  } catch (error) {
    const code = errorCode(error);
    throw new ImportError(`cannot read ${path}: ${unreadable[code] ?? code}`);
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such file or folder',
  EACCES: 'the user that runs this command may not read it (EACCES)',
};

function onlyApp({ apps }: Pick<Config, 'apps'>, name: string | undefined): Config['apps'][number] {
  const names = apps.map((app) => app.name).join(', ');
  const fitting = name === undefined ? apps : apps.filter((app) => app.name === name);
  const [app, ...more] = fitting;
  if (!app) throw new ImportError(`the config has no app ${name ?? ''}; it has ${names}`);
  if (more.length > 0) throw new ImportError(`a CSV file is for one app: name it with --app, one of ${names}`);
  return app;
}

function summarise({ taken, present, refused }: ImportReport, dryRun: boolean): string {
  const lines = [
    `${dryRun ? 'would be imported' : 'imported'}: ${taken}`,
    `already present: ${present}`,
    ...[...refused].map(([reason, count]) => `not imported: ${count}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}
