import type { core } from 'zod';
import { isNameToShow } from './key-names.ts';

/** One thing that is wrong in the config file. */
export interface ConfigProblem {
  /** Where in the file's structure: `apps.siskin.ttl`, `xmpp[0].secret`; empty for the file as a whole. */
  readonly path: string;
  /** Counted from 1; absent when the config did not come from text. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Everything that is wrong in a config, at once. No value from the file is quoted: it may be a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  /** @param source name of the config file as it is shown to the operator */
  constructor(source: string, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => formatProblem(source, problem)).join('\n'));
    this.problems = problems;
  }
}

function formatProblem(source: string, { path, line, column, message, hint }: ConfigProblem): string {
  const where = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
  const what = path === '' ? message : `${path}: ${message}`;
  return hint === undefined ? `${where}: ${what}` : `${where}: ${what}\n    ${hint}`;
}

export type Path = readonly PropertyKey[];

/** In place of a name that looks like a value. */
const HIDDEN = '(not shown)';

/** `['xmpp', 0, 'secret']` as `xmpp[0].secret`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = step === HIDDEN || isNameToShow(String(step)) ? String(step) : HIDDEN;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** Position of a value, or of its key, in the text; of the nearest thing around it when it is missing. */
export type Locate = (path: Path, part: 'key' | 'value') => { readonly line: number; readonly column: number };

/** The schema puts message and hint into one text: the first line is the message. */
export function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}\n${hint}`;
}

/** Turns what the schema found into problems with positions, in the order of the file. */
export function describeIssues(issues: readonly core.$ZodIssue[], locate?: Locate): ConfigProblem[] {
  const problems = issues.flatMap((issue) => {
    const [message = '', ...rest] = issue.message.split('\n');
    if (issue.code !== 'unrecognized_keys') return [describe(issue.path, 'value', message, rest.join(' '), locate)];
    const hints = [message, ...rest];
    const values = issue.input;
    return issue.keys.map((key, i) => {
      const problem = describe([...issue.path, key], 'key', 'unknown key', hints[i] ?? '', locate);
      return isNameToShow(key, values?.[key]) ? problem : { ...problem, path: formatPath([...issue.path, HIDDEN]) };
    });
  });
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function describe(
  path: Path,
  part: 'key' | 'value',
  message: string,
  hint: string,
  locate: Locate | undefined,
): ConfigProblem {
  return { path: formatPath(path), ...locate?.(path, part), message, ...(hint === '' ? {} : { hint }) };
}
