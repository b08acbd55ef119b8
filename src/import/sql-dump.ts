import { createSqlLexer, type SqlToken } from './sql-lexer.ts';
import { ImportError, type Source, type SourceRow } from './source.ts';

/** More values than a row of the table has; more of a row is not kept. */
const MAX_COLUMNS = 50;
const NO_COLUMN = new Set([
  'PRIMARY',
  'KEY',
  'UNIQUE',
  'INDEX',
  'CONSTRAINT',
  'FULLTEXT',
  'SPATIAL',
  'FOREIGN',
  'CHECK',
]);

export interface DumpOptions {
  /** Name of the one table that is read. */
  readonly table: string;
  /** Its columns where the dump does not name them. */
  readonly columns: readonly string[];
}

/**
 * The rows of one table in a dump as mysqldump and mariadb-dump write it: INSERT statements of one or many rows, with
 * or without names of columns. Everything else in it is passed over, and nothing is executed.
 * @throws ImportError when there is no such table in it, or it breaks off
 */
export async function* readDump(chunks: AsyncIterable<string>, options: DumpOptions): Source {
  const found: SourceRow[] = [];
  const statements = createStatementReader(options, (row) => void found.push(row));
  const lexer = createSqlLexer(statements.take);
  for await (const chunk of chunks) {
    lexer.push(chunk);
    yield* found.splice(0);
  }
  const whole = lexer.end() && statements.atStart();
  yield* found.splice(0);
  if (!whole) throw new ImportError('the dump breaks off in the middle of a statement');
  if (!statements.met()) throw new ImportError(`there is no table ${options.table} in the dump`);
}

type State = 'start' | 'skip' | 'insert' | 'names' | 'rows' | 'row' | 'create';

function createStatementReader({ table, columns: defaults }: DumpOptions, onRow: (row: SourceRow) => void) {
  let state: State = 'start';
  let head: string[] = [];
  let created = defaults;
  let columns: string[] = [];
  let values: (string | undefined)[] = [];
  let cut = false;
  let depth = 0;
  let isMet = false;

  /** The words up to the name of the table: INSERT [IGNORE] INTO db.table, CREATE TABLE [IF NOT EXISTS] table. */
  function begin(token: SqlToken): void {
    head.push(token.text);
    const [verb = ''] = head;
    if (!/^(insert|replace|create)$/i.test(verb) || head.length > 8) {
      state = 'skip';
      return;
    }
    if (!isTable(token.text, table) || !/^(into|table|exists|\.)$/i.test(head.at(-2) ?? '')) return;
    isMet = true;
    columns = [];
    depth = 0;
    state = /^create$/i.test(verb) ? 'create' : 'insert';
  }

  function afterTable({ text }: SqlToken): void {
    if (text === '(') state = 'names';
    else if (/^values?$/i.test(text)) state = 'rows';
    else state = 'skip';
  }

  function inCreate(token: SqlToken): void {
    const { text, kind } = token;
    const opens = depth === 1 && (head.at(-1) === '(' || head.at(-1) === ',');
    if (opens && (kind === 'name' || (kind === 'word' && !NO_COLUMN.has(text.toUpperCase())))) columns.push(text);
    if (kind === 'symbol') depth += text === '(' ? 1 : text === ')' ? -1 : 0;
    head = [kind === 'symbol' ? text : ''];
    if (depth > 0 || text !== ')') return;
    if (columns.length > 0 && columns.length <= MAX_COLUMNS) created = columns;
    state = 'skip';
  }

  function inNames({ kind, text }: SqlToken): void {
    if (kind === 'name' || kind === 'word') columns.push(text);
    else if (text === ')') state = 'insert';
  }

  function inRow({ kind, text, line, cut: isCut }: SqlToken): void {
    cut ||= isCut;
    if (kind === 'symbol') {
      if (text !== ')') return;
      state = 'rows';
      onRow(toRow(`line ${line}`));
      return;
    }
    // `_binary 'x'`: what the string is made of is of no interest.
    if (kind === 'word' && text.startsWith('_')) return;
    if (values.length <= MAX_COLUMNS) values.push(kind === 'word' && /^null$/i.test(text) ? undefined : text);
  }

  function toRow(where: string): SourceRow {
    const names = columns.length > 0 ? columns : created;
    if (cut) return { where, refused: 'has a field that is too long' };
    if (values.length !== names.length)
      return { where, refused: 'has more or fewer values than the table has columns' };
    const given = names.flatMap((name, i) =>
      values[i] === undefined ? [] : [[name.toLowerCase(), values[i]] as const],
    );
    return { where, fields: new Map(given) };
  }

  return {
    take(token: SqlToken): void {
      if (token.kind === 'symbol' && token.text === ';') {
        state = 'start';
        head = [];
        return;
      }
      switch (state) {
        case 'start':
          return begin(token);
        case 'insert':
          return afterTable(token);
        case 'names':
          return inNames(token);
        case 'rows':
          if (token.text === '(') {
            state = 'row';
            values = [];
            cut = false;
          } else if (token.text !== ',') state = 'skip';
          return;
        case 'row':
          return inRow(token);
        case 'create':
          return inCreate(token);
        case 'skip':
      }
    },
    /** Whether no statement is open. */
    atStart: () => state === 'start',
    /** Whether the table was there at all. */
    met: () => isMet,
  };
}

/** Also as `db.table` written as one word. */
function isTable(text: string, table: string): boolean {
  return text === table || text.endsWith(`.${table}`);
}
