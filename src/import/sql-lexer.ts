// Lexer for SQL dumps. MariaDB Knowledge Base, "String Literals", "Identifier Names", "Comment Syntax".
import { MAX_FIELD_LENGTH } from './source.ts';

/** A token of SQL. The `text` of a string is its value. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'symbol';
  readonly text: string;
  /** Line that it ends in, counted from 1. */
  readonly line: number;
  /** Whether it is longer than `MAX_FIELD_LENGTH`, so that its text is truncated. */
  readonly truncated: boolean;
}

/** Splits SQL that arrives in chunks. */
export interface SqlLexer {
  /** Takes the next chunk of the file, divided anywhere. */
  push(chunk: string): void;
  /** False if the file ended within a string, a name or a comment. */
  end(): boolean;
}

const ESCAPES: Readonly<Record<string, string>> = { '0': '\0', n: '\n', r: '\r', t: '\t', b: '\b', Z: '\x1a' };
const WORD = /[\w$.\u0080-\uffff]/;

type Mode = 'plain' | 'word' | "'" | '"' | '`' | 'line' | 'block';

/** Splits a dump into tokens, with one token in memory. */
export function createSqlLexer(onToken: (token: SqlToken) => void): SqlLexer {
  let mode: Mode = 'plain';
  let rest = '';
  let text = '';
  let line = 1;

  const emit = (kind: SqlToken['kind'], value: string): void => {
    onToken({ kind, text: value.slice(0, MAX_FIELD_LENGTH), line, truncated: value.length > MAX_FIELD_LENGTH });
    text = '';
  };
  const keep = (more: string): void => {
    if (text.length <= MAX_FIELD_LENGTH) text += more;
  };

  /** Processes a character, given the next one too; returns how many of them are done. */
  function step(char: string, next: string): number {
    switch (mode) {
      case 'plain':
        return stepPlain(char, next);
      case 'word':
        if (WORD.test(char)) return (keep(char), 1);
        mode = 'plain';
        emit('word', text);
        return 0;
      case 'line':
        if (char === '\n') mode = 'plain';
        return 1;
      case 'block':
        if (char !== '*' || next !== '/') return 1;
        mode = 'plain';
        return 2;
      case "'":
      case '"':
      case '`':
        return stepQuoted(mode, char, next);
    }
  }

  function stepPlain(char: string, next: string): number {
    if (char === '-' && next === '-') mode = 'line';
    else if (char === '#') mode = 'line';
    else if (char === '/' && next === '*') mode = 'block';
    else if (char === "'" || char === '"' || char === '`') mode = char;
    else if (WORD.test(char)) {
      mode = 'word';
      return 0;
    } else if (!/\s/.test(char)) emit('symbol', char);
    return mode === 'block' ? 2 : 1;
  }

  function stepQuoted(quote: "'" | '"' | '`', char: string, next: string): number {
    if (char === '\\' && quote !== '`') return (keep(ESCAPES[next] ?? next), 2);
    if (char !== quote) return (keep(char), 1);
    if (next === quote) return (keep(quote), 2);
    mode = 'plain';
    emit(quote === '`' ? 'name' : 'string', text);
    return 1;
  }

  function run(input: string, until: number): number {
    let at = 0;
    while (at < until) {
      const taken = step(input[at] ?? '', input[at + 1] ?? '');
      for (let i = at; i < at + taken; i++) if (input[i] === '\n') line += 1;
      at += taken;
    }
    return at;
  }

  return {
    push(chunk) {
      const input = rest + chunk;
      // The last character is processed once its successor is known.
      rest = input.slice(run(input, input.length - 1));
    },
    end() {
      // The line feeds end a word or a comment at the end of the file.
      run(`${rest}\n\n`, rest.length + 1);
      rest = '';
      return mode === 'plain';
    },
  };
}
