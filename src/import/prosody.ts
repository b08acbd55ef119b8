// mod_push_appserver for Prosody: its datastore has one file per node, which contains `return { … }` in Lua.
import { opendir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { nameDeviceByToken, v1 } from '../conventions/v1.ts';
import { parseDeviceToken } from '../providers/all.ts';
import type { ChooseApp } from './apps.ts';
import { type LuaTable, parseLuaTable } from './lua-table.ts';
import { isName, MAX_FIELD_LENGTH, type Source, type SourceRow, type Translate } from './source.ts';

/** Bytes of the largest file that is read; a real one has eight short fields. */
const MAX_FILE_BYTES = 65_536;

/**
 * Reads the registrations in a folder such as `/var/lib/prosody/push%2eexample%2eorg/push_appserver`, or in one of its
 * files. Messages name a file by its inode, since its name is the node.
 */
export async function* readProsody(path: string, isFolder: boolean): Source {
  if (!isFolder) {
    yield await readFile(path);
    return;
  }
  for await (const entry of await opendir(path)) {
    if (entry.isFile() && entry.name.endsWith('.dat')) yield readFile(join(path, entry.name));
  }
}

async function readFile(path: string): Promise<SourceRow> {
  const file = await open(path);
  try {
    const { ino, size } = await file.stat();
    const where = `inode ${ino}`;
    if (size > MAX_FILE_BYTES) return { where, refused: 'the file is larger than any registration' };
    const table = parseLuaTable(await file.readFile('utf8'));
    return table ? { where, fields: flatten(table) } : { where, refused: 'the file is not a table stored by Prosody' };
  } finally {
    await file.close();
  }
}

function flatten(table: LuaTable): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [key, value] of table) {
    if (typeof value === 'string' || typeof value === 'number')
      fields.set(key, String(value).slice(0, MAX_FIELD_LENGTH));
  }
  return fields;
}

/** Converts a table of mod_push_appserver to a registration, which has no account but a secret. */
export function translateProsody(chooseApp: ChooseApp): Translate {
  return (fields) => {
    const app = chooseApp((fields.get('type') ?? '').toLowerCase());
    if (typeof app === 'string') return app;
    const token = parseDeviceToken(app.provider, fields.get('token') ?? '');
    if (token === undefined) return `token is not valid for ${app.provider}`;
    const node = fields.get('node');
    if (!isName(node)) return 'node is missing, too long or has other characters than ASCII';
    const secret = fields.get('secret');
    if (!isName(secret)) return 'secret is missing, too long or has other characters than ASCII';
    return {
      app: app.name,
      convention: v1.name,
      account: '',
      device: nameDeviceByToken(node, token),
      token,
      node,
      secret,
      registeredAtMs: readTime(fields.get('renewed') ?? fields.get('registered')),
    };
  };
}

/** Milliseconds from seconds since 1970 or a date of XEP-0082; 0 if there is neither. */
function readTime(written: string | undefined): number {
  const ms = /^\d{1,11}(\.\d+)?$/.test(written ?? '') ? Number(written) * 1_000 : Date.parse(written ?? '');
  return Number.isFinite(ms) && ms > 0 ? Math.floor(ms) : 0;
}
