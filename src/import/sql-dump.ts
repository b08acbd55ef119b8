import { createSqlLexer, type SqlToken } from './sql-lexer.ts';
import { ImportError, type Source, type SourceRow } from './source.ts';

/** Values of a row that are kept; the tables have fewer columns. */
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
  /** Name of the table that is read. */
  readonly table: string;
  /** Its columns, if the dump does not name them. */
  readonly columns: readonly string[];
}

/**
 * Reads the rows of one table in a dump of mysqldump or mariadb-dump: INSERT statements with one or many rows, with or
 * without column names. Everything else is skipped, and nothing is executed.
 * @throws ImportError if the dump lacks the table or is incomplete
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
  if (!whole) throw new ImportError('the dump ends in the middle of a statement');
  if (!statements.met()) throw new ImportError(`there is no table ${options.table} in the dump`);
}

type State = 'start' | 'skip' | 'insert' | 'names' | 'rows' | 'row' | 'create';

function createStatementReader({ table, columns: defaults }: DumpOptions, onRow: (row: SourceRow) => void) {
  let state: State = 'start';
  let head: string[] = [];
  let created = defaults;
  let columns: string[] = [];
  let values: (string | undefined)[] = [];
  let truncated = false;
  let depth = 0;
  let isMet = false;

  /** Reads up to the table name: INSERT [IGNORE] INTO db.table, CREATE TABLE [IF NOT EXISTS] table. */
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

  function inRow({ kind, text, line, truncated: isTruncated }: SqlToken): void {
    truncated ||= isTruncated;
    if (kind === 'symbol') {
      if (text !== ')') return;
      state = 'rows';
      onRow(toRow(`line ${line}`));
      return;
    }
    // A character set such as `_binary` before a string is ignored.
    if (kind === 'word' && text.startsWith('_')) return;
    if (values.length <= MAX_COLUMNS) values.push(kind === 'word' && /^null$/i.test(text) ? undefined : text);
  }

  function toRow(where: string): SourceRow {
    const names = columns.length > 0 ? columns : created;
    if (truncated) return { where, refused: 'a field is too long' };
    if (values.length !== names.length)
      return { where, refused: 'the row has more or fewer values than the table has columns' };
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
            truncated = false;
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
    /** Whether the table occurred. */
    met: () => isMet,
  };
}

/** Accepts `db.table` in one word too. */
function isTable(text: string, table: string): boolean {
  return text === table || text.endsWith(`.${table}`);
}
