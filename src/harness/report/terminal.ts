/** Text for people: colours where a terminal shows them, lines that fit. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Tone = 'bold' | 'dim' | 'green' | 'red' | 'cyan';

/** Where it is written to; `isTTY` and `columns` as `process.stdout` has them. */
export type TerminalOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Terminal {
  /** Columns to fill, now. */
  readonly width: number;
  /** The text in this tone, or as it is where there are no colours. */
  paint(tone: Tone, text: string): string;
  /** Writes a line. */
  line(text?: string): void;
}

/** Lines longer than this are hard to read, whatever the window. */
const widest = 100;
/** Assumed where nothing tells: pipes, files. */
const usual = 80;
const narrowest = 40;

/** @param env `NO_COLOR`, when set to anything but nothing, ends colours (no-color.org). */
export function createTerminal(output: TerminalOutput, env: Readonly<Record<string, string | undefined>>): Terminal {
  const coloured = output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return {
    get width() {
      // One column stays free: some terminals wrap a full line. A terminal of no width does not know its own.
      return Math.max(narrowest, Math.min(widest, output.columns || usual)) - 1;
    },
    paint: (tone, text) => (coloured ? styleText(tone, text, { validateStream: false }) : text),
    line: (text = '') => void output.write(`${text}\n`),
  };
}

/** Columns that a text takes: two for emoji and wide scripts, none for what combines. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += columnsOfGrapheme(segment);
  return columns;
}

/**
 * The text in at most `columns` columns on one line: cut at its end with `…`, control characters replaced, so that what
 * came from elsewhere cannot steer the terminal.
 */
export function fitText(text: string, columns: number): string {
  const safe = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{C}/gu, (character) => (isJoiner(character) ? character : '�'));
  if (columnsOf(safe) <= columns) return safe;
  let fitted = '';
  let used = 1;
  for (const { segment } of graphemes.segment(safe)) {
    used += columnsOfGrapheme(segment);
    if (used > columns) break;
    fitted += segment;
  }
  return `${fitted.trimEnd()}…`;
}

/** The text on at most `maxLines` lines of `columns`, parted at spaces; what is left over ends in `…`. */
export function wrapText(text: string, columns: number, maxLines: number): string[] {
  const words = text.split(/\s+/);
  const wrapped: string[] = [];
  let current = '';
  for (const [index, word] of words.entries()) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (columnsOf(longer) <= columns) {
      current = longer;
      continue;
    }
    if (wrapped.length === maxLines - 1 || current === '') {
      return [...wrapped, fitText([current, ...words.slice(index)].join(' ').trim(), columns)];
    }
    wrapped.push(fitText(current, columns));
    current = word;
  }
  return [...wrapped, fitText(current, columns)];
}

/** Left and right text on one line of `columns`; the left one gives way. */
export function justify(left: string, right: string, columns: number): string {
  const space = Math.max(1, columns - columnsOf(right) - 1);
  const fitted = fitText(left, space);
  return fitted + ' '.repeat(space - columnsOf(fitted) + 1) + right;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const wide =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{fe0f}|[\u{1100}-\u{115f}\u{2e80}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{20000}-\u{3fffd}]/u;

function columnsOfGrapheme(segment: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}

/** Zero-width joiner, which holds emoji together. */
function isJoiner(character: string): boolean {
  return character === '\u200d';
}
