// Lua 5.4 Reference Manual, sections 3.1 and 3.4.9: the part of the language that Prosody stores tables in. Nothing is
// executed; anything but a constant is refused.

/** A Lua value; `null` is `nil`. */
export type LuaValue = string | number | boolean | null | LuaTable;
/** A Lua table. Numeric keys are kept as text. */
export type LuaTable = ReadonlyMap<string, LuaValue>;

const MAX_DEPTH = 10;
const SPACE = /(?:\s|--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*(?:\n|$))*/y;
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /-?(?:0[xX][0-9a-fA-F]{1,13}|\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,3})?)/y;
const LONG_STRING = /\[(=*)\[\r?\n?([\s\S]*?)\]\1\]/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|(\d{1,3})|(\r?\n)|z\s*|u\{([0-9a-fA-F]{1,6})\}|([abfnrtv\\"']))/y;
const ESCAPED: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/**
 * Reads `return { … }`.
 * @returns undefined if the text is anything else
 */
export function parseLuaTable(text: string): LuaTable | undefined {
  let at = 0;

  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    if (found) at = pattern.lastIndex;
    return found;
  };
  const skip = (): void => void match(SPACE);
  const take = (symbol: string): boolean => {
    skip();
    if (!text.startsWith(symbol, at)) return false;
    at += symbol.length;
    return true;
  };
  const refuse = (): never => {
    throw new LuaSyntaxError();
  };

  function readValue(depth: number): LuaValue {
    skip();
    const char = text[at] ?? '';
    if (char === '{') return readTable(depth + 1);
    if (char === '"' || char === "'") return readString(char);
    const long = match(LONG_STRING);
    if (long) return long[2] ?? '';
    const number = match(NUMBER);
    if (number) return Number(number[0]);
    const word = match(NAME)?.[0];
    if (word === 'true' || word === 'false') return word === 'true';
    return word === 'nil' ? null : refuse();
  }

  function readString(quote: string): string {
    // Bytes, since an escape may stand for a part of a UTF-8 character.
    const bytes: Buffer[] = [];
    at += 1;
    while (text[at] !== quote) {
      const start = at;
      while (at < text.length && text[at] !== quote && text[at] !== '\\' && text[at] !== '\n') at += 1;
      bytes.push(Buffer.from(text.slice(start, at)));
      if (text[at] === '\\') bytes.push(readEscape());
      else if (text[at] !== quote) refuse();
    }
    at += 1;
    return Buffer.concat(bytes).toString('utf8');
  }

  function readEscape(): Buffer {
    const [, hex, decimal, lineBreak, code, letter] = match(ESCAPE) ?? refuse();
    if (hex !== undefined) return Buffer.from(hex, 'hex');
    if (decimal !== undefined) return Number(decimal) < 256 ? Buffer.from([Number(decimal)]) : refuse();
    if (lineBreak !== undefined) return Buffer.from('\n');
    if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      return point <= 0x10ffff ? Buffer.from(String.fromCodePoint(point)) : refuse();
    }
    return Buffer.from(letter === undefined ? '' : (ESCAPED[letter] ?? letter));
  }

  function readTable(depth: number): LuaTable {
    if (depth > MAX_DEPTH) refuse();
    const table = new Map<string, LuaValue>();
    let position = 1;
    take('{');
    while (!take('}')) {
      const key = readKey(depth);
      const value = readValue(depth);
      table.set(key ?? String(position++), value);
      if (!take(';') && !take(',')) {
        if (!take('}')) refuse();
        break;
      }
    }
    return table;
  }

  /** Reads `[constant] =` or `name =`; undefined if a value without key follows. */
  function readKey(depth: number): string | undefined {
    skip();
    const start = at;
    if (text[at] === '[' && !/^\[=*\[/.test(text.slice(at, at + 20))) {
      at += 1;
      const key = readValue(depth);
      if (!take(']') || !take('=')) refuse();
      return typeof key === 'string' || typeof key === 'number' ? String(key) : refuse();
    }
    const name = match(NAME)?.[0];
    if (name !== undefined && take('=')) return name;
    at = start;
    return undefined;
  }

  try {
    skip();
    if (match(NAME)?.[0] !== 'return') return undefined;
    skip();
    if (text[at] !== '{') return undefined;
    const table = readTable(1);
    take(';');
    skip();
    return at === text.length ? table : undefined;
  } catch (error) {
    if (error instanceof LuaSyntaxError) return undefined;
    throw error;
  }
}

class LuaSyntaxError extends Error {
  override readonly name = 'LuaSyntaxError';
}
