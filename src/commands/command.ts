import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestOf } from '../config/kinds/key-names.ts';
import type { Signals } from './signals.ts';

/** 0: all is as it should be; 1: something is not; 2: a wrong call. */
export type ExitCode = 0 | 1 | 2;

/** What every command works with. */
export interface CommandCall {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: Signals;
}

/** The call is wrong: its message says what, and the command's help follows it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What to say about a word that is none of the known ones: the word and the nearest known one. */
export function describeUnknown(what: string, word: string, known: readonly string[]): string {
  return `unknown ${what} "${word}"; did you mean "${nearestOf(word, known)}"?`;
}

/**
 * `parseArgs` whose complaints name what was written and the nearest known option.
 * @throws UsageError
 */
export function readArguments<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  const known = Object.keys(config.options ?? {}).map((name) => `--${name}`);
  try {
    return parseArgs(config);
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    if (!String(code).startsWith('ERR_PARSE_ARGS')) throw error;
    const [, option] = /^Unknown option '(-[^']*)'/.exec(String(message)) ?? [];
    if (option === undefined) throw new UsageError(String(message));
    throw new UsageError(describeUnknown('option', option, known));
  }
}
