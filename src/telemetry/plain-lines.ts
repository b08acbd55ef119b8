import { styleText } from 'node:util';
import type { DestinationStream } from 'pino';

const levels: Readonly<Record<string, readonly [string, Parameters<typeof styleText>[0]]>> = {
  20: ['debug', 'gray'],
  30: ['info ', 'green'],
  40: ['WARN ', 'yellow'],
  50: ['ERROR', 'red'],
};

/**
 * Writes the JSON lines of a log as text for a person at a terminal: time of day in UTC, level, message, fields, and the
 * hint on a line of its own.
 * @param isColoured whether the terminal shows colours
 */
export function plainLines(output: { write(text: string): unknown }, isColoured: boolean): DestinationStream {
  return { write: (line) => void output.write(describe(line, isColoured)) };
}

function describe(line: string, isColoured: boolean): string {
  const { time, level, msg, hint, ...fields } = JSON.parse(line) as Record<string, string | number>;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  const [word, style] = levels[String(level)] ?? [String(level), 'white'];
  const [, timeOfDay = ''] = /T(.*)Z$/.exec(String(time)) ?? [];
  const told = Object.entries(fields).map(([name, value]) => paint('gray', `${name}=${quoted(String(value))}`));
  const first = [timeOfDay, paint(style, word), msg, ...told].join(' ');
  return `${first}\n${hint === undefined ? '' : `${' '.repeat(timeOfDay.length + 7)}→ ${String(hint)}\n`}`;
}

/** Control characters in outside input must not reach the terminal. */
function quoted(value: string): string {
  if (/^[\w.:/@+-]+$/.test(value)) return value;
  const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[\u007F-\u009F]/g, escape);
}
