// CSV files (RFC 4180) with a header.
import { pipeline, type Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { conventions } from '../conventions/all.ts';
import { nameDeviceByToken } from '../conventions/v1.ts';
import { parseDeviceToken } from '../providers/all.ts';
import type { ImportApp } from './apps.ts';
import {
  ImportError,
  isDomainName,
  isName,
  MAX_FIELD_LENGTH,
  type Source,
  type SourceRow,
  type Translate,
} from './source.ts';

/** The columns, in any order. `node` and `token` are needed, and `account` unless the convention is v1. */
const csvColumns = ['node', 'token', 'account', 'device', 'second_token', 'secret', 'convention'] as const;

const ENDLESS = 'a row does not end; is a quote missing? The rest of the file was not read';

/**
 * Reads the rows of a CSV file with a header.
 * @throws ImportError if the header lacks a column or has an unknown one, or if a row does not end
 */
export async function* readCsv(input: Readable): Source {
  const skipped: SourceRow[] = [];
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_FIELD_LENGTH * csvColumns.length,
    columns: readHeader,
    on_skip(error) {
      const where = `line ${error instanceof CsvError ? String(error['lines']) : '?'}`;
      skipped.push({ where, refused: 'the row does not match the header' });
      // The parser cannot find the start of the next row from here.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') parser.destroy(new ImportError(`${where}: ${ENDLESS}`));
      return undefined;
    },
  });
  pipeline(input, parser, () => undefined);
  for await (const one of parser as AsyncIterable<{ info: { lines: number }; record: Record<string, string> }>) {
    yield* skipped.splice(0);
    const given = Object.entries(one.record).filter(([, value]) => value !== '');
    yield { where: `line ${one.info.lines}`, fields: new Map(given) };
  }
  yield* skipped.splice(0);
}

function readHeader(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const known: readonly string[] = csvColumns;
  // Without a header the line contains data, which must not be quoted.
  if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length) {
    throw new ImportError(`the first line of the file must name its columns, each once, out of: ${known.join(', ')}`);
  }
  const missing = ['node', 'token'].filter((name) => !names.includes(name));
  if (missing.length > 0) throw new ImportError(`the file has no column ${missing.join(' and no column ')}`);
  return names;
}

const ACCOUNT = /^[^\s\p{C}"&'/:<>@]+@[^\s\p{C}"&'/<>@]+$/u;

/** Converts a row to a registration of one app. */
export function translateCsv(app: ImportApp): Translate {
  return (fields) => {
    const named = fields.get('convention') ?? app.conventions[0];
    const convention = conventions.find(({ name }) => name === named && app.conventions.includes(name));
    if (!convention || convention.readTokens)
      return 'convention is not one of the app’s, or not one in which devices register';
    const token = parseDeviceToken(app.provider, fields.get('token') ?? '');
    if (token === undefined) return `token is not valid for ${app.provider}`;
    const second = fields.get('second_token');
    const secondToken = second === undefined ? undefined : parseDeviceToken(app.provider, second);
    if (second !== undefined && (secondToken === undefined || !app.takesSecondToken))
      return `second_token is not valid for ${app.provider}`;
    const node = fields.get('node');
    if (!isName(node)) return 'node is missing, too long or has other characters than ASCII';
    const secret = fields.get('secret');
    if (secret !== undefined && !isName(secret)) return 'secret is too long or has other characters than ASCII';
    const account = fields.get('account') ?? '';
    const isAccount = account.length <= 2_047 && (ACCOUNT.test(account) || isDomainName(account));
    if (account === '' ? !convention.accountIsOptional : !isAccount)
      return 'account is neither a bare JID nor a domain';
    // Without an account only the secret authorizes publishers.
    if (account === '' && secret === undefined) return 'has neither account nor secret';
    const device = fields.get('device');
    if (device !== undefined && !isName(device)) return 'device is too long or has other characters than ASCII';
    return {
      app: app.name,
      convention: convention.name,
      account,
      device: account === '' ? nameDeviceByToken(device ?? node, token) : (device ?? token),
      token,
      node,
      ...(secret !== undefined && { secret }),
      ...(secondToken !== undefined && { secondToken }),
      registeredAtMs: 0,
    };
  };
}
