import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestOf } from '../config/kinds/key-names.ts';
import type { Signals } from './signals.ts';

/** 0: success. 1: something is wrong. 2: the arguments are wrong. */
export type ExitCode = 0 | 1 | 2;

/** What every command is run with. */
export interface CommandCall {
  /** The arguments after the command's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: Signals;
}

/** The arguments are wrong. The message says how, and the command's help follows it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Says that a word is unknown, with the nearest known one. */
export function describeUnknown(what: string, word: string, known: readonly string[]): string {
  return `unknown ${what} "${word}"; did you mean "${nearestOf(word, known)}"?`;
}

/**
 * `parseArgs` with errors that name the wrong option and the nearest known one.
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
