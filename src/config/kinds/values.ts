import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../telemetry/error-code.ts';
import { suggestKey } from './key-names.ts';
import { withHint } from './problems.ts';
import { createSecret } from '../../core/secret.ts';

/** What a config may refer to. */
export interface Sources {
  /** Absolute path of the folder that relative paths start from. */
  readonly baseDir: string;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Is told where a secret came from: a file by its absolute path, or the config itself (undefined). */
export type NoteSecret = (file: string | undefined) => void;

const DURATION_UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PEM = /-----BEGIN [A-Z0-9 ]+-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
/** Names of environment variables as people choose them. What looks different may be the value itself, and is not shown. */
const VARIABLE = /^[A-Z][A-Z0-9]{0,15}(?:_[A-Z0-9]{1,16}){0,6}$/;

declare module 'zod' {
  /** What the reference of all keys says of a key, beside its description. */
  interface GlobalMeta {
    /** What may be written: kind, bounds, unit. */
    allowed?: string;
    /** What holds where the key is not written, if the schema itself has no default. */
    absent?: string;
  }
}

/**
 * A map whose unknown keys are errors that name the nearest known one.
 * @param describeOther message for a value that is no map; undefined: the usual one
 */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  describeOther?: (input: string | number) => string,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error({ code, keys, input }) {
      if (code === 'invalid_type' && (typeof input === 'string' || typeof input === 'number')) {
        return describeOther?.(input);
      }
      if (code !== 'unrecognized_keys') return undefined;
      const values = input as Readonly<Record<string, unknown>>;
      return keys.map((key) => suggestKey(key, values[key], known)).join('\n');
    },
  });
}

/** Whole numbers with a unit: `20s`, `5m`, `12h`, `7d`; milliseconds come out. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
}

/** Durations with their unit in their names: `idle` becomes `idleMs`. */
export function inMs<Durations extends Readonly<Record<string, number>>>(durations: Durations): InMs<Durations> {
  return Object.fromEntries(Object.entries(durations).map(([key, ms]) => [`${key}Ms`, ms])) as InMs<Durations>;
}

type InMs<Durations> = { readonly [Key in keyof Durations & string as `${Key}Ms`]: number };

export type ValueKinds = ReturnType<typeof createValueKinds>;

/**
 * The kinds of values that a config is made of. Each may be written literally, as `{ file: PATH }` (the file's content
 * without the line break at its end) or as `{ env: NAME }`. `about` says what the value is, for messages and, where a key
 * has no description of its own, for the reference.
 */
export function createValueKinds({ baseDir, readFile, env }: Sources, noteSecret: NoteSecret) {
  const absolute = (path: string): string => resolve(baseDir, path);

  const read = (path: string, context: z.RefinementCtx): Uint8Array | undefined => {
    try {
      const content = readFile(absolute(path));
      if (content.length > 0) return content;
      context.addIssue(`${absolute(path)} is empty`);
    } catch (error) {
      context.addIssue(
        withHint(
          `cannot read ${absolute(path)} (${errorCode(error)})`,
          `Relative paths start from ${baseDir}; the user that Sealpost runs as must be allowed to read the file.`,
        ),
      );
    }
    return undefined;
  };

  /** The text that a reference leads to; `value` itself when it is none. */
  const follow = (value: unknown, context: z.RefinementCtx): { value: unknown; referred: boolean; path?: string } => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { value, referred: false };
    const [[kind, name] = [], ...more] = Object.entries(value);
    if (more.length > 0 || typeof name !== 'string') return { value, referred: false };
    if (kind === 'file') {
      const content = read(name, context);
      return {
        value:
          content &&
          Buffer.from(content)
            .toString('utf8')
            .replace(/\r?\n$/, ''),
        referred: true,
        path: absolute(name),
      };
    }
    if (kind !== 'env') return { value, referred: false };
    const text = env[name];
    if (text === undefined || text === '') {
      const which = VARIABLE.test(name) ? name : 'with this name';
      context.addIssue(withHint(`the environment variable ${which} is not set`, 'Set it where Sealpost is started.'));
    }
    return { value: text, referred: true };
  };

  /**
   * @param convert makes the wanted type out of the text of a reference; `path` where it led to a file
   * @param isSecret whether this text is a secret
   */
  const leaf = <T extends z.ZodType>(
    schema: T,
    convert: (text: string, path: string | undefined) => unknown = (text) => text,
    isSecret: (text: string) => boolean = () => false,
  ) =>
    z.preprocess((value, context) => {
      const issues = context.issues.length;
      const followed = follow(value, context);
      if (context.issues.length > issues) return z.NEVER;
      const isFromEnvironment = followed.referred && followed.path === undefined;
      if (!isFromEnvironment && typeof followed.value === 'string' && isSecret(followed.value)) {
        noteSecret(followed.path);
      }
      return followed.referred ? convert(String(followed.value), followed.path) : followed.value;
    }, schema);

  const string = (about: string) =>
    z.string({
      error: ({ input }) =>
        typeof input === 'number' || typeof input === 'boolean'
          ? withHint(`expected text, found a ${typeof input}`, 'Put it in quotes.')
          : withHint(
              input === undefined ? 'is missing' : 'expected text, { file: PATH } or { env: NAME }',
              `It is ${about}.`,
            ),
    });

  const limited = (about: string, pattern: RegExp) =>
    string(about)
      .max(2_000, { error: 'is longer than 2000 characters' })
      .regex(pattern, { error: withHint('does not have the right form', `It is ${about}.`) });

  const text = (about: string, pattern: RegExp = /\S/) =>
    leaf(limited(about, pattern)).meta({ allowed: 'text', description: sentence(about) });

  /**
   * A file named by its path, with its content; text that holds PEM is the content itself, and has no path.
   * @param isPublic whether everybody may read the file
   */
  const file = (about: string, isPublic = false) =>
    leaf(
      string(about).transform((value, context): { content: Uint8Array; path?: string } => {
        if (PEM.test(value)) return { content: Buffer.from(value) };
        if (value.length > 4_096 || /[\0\r\n]/.test(value)) {
          context.addIssue(withHint('is neither a path nor PEM', `It is ${about}.`));
          return z.NEVER;
        }
        const content = read(value, context);
        if (!content) return z.NEVER;
        const path = absolute(value);
        if (!isPublic) noteSecret(path);
        return { content, path };
      }),
      (referred, path) => (path !== undefined && PEM.test(referred) ? path : referred),
      (written) => PRIVATE_KEY.test(written),
    ).meta({ allowed: 'path, or the PEM itself', description: sentence(about) });

  return {
    text,

    /** One of a few words. */
    choice: <const Words extends readonly [string, ...string[]]>(words: Words) =>
      leaf(z.enum(words, { error: `expected one of: ${words.join(', ')}` })).meta({
        allowed: words.map((word) => `\`${word}\``).join(', '),
      }),

    /** A whole number from `min` to `max`, of this unit. */
    count: (min: number, max: number, unit?: 'bytes') => {
      const error = `expected a whole number from ${min} to ${max}`;
      return leaf(z.int({ error }).min(min, { error }).max(max, { error }), (referred) =>
        /^\d{1,9}$/.test(referred.trim()) ? Number(referred) : referred,
      ).meta({ allowed: `${unit ?? 'number'}, ${min} to ${max}` });
    },

    /** Milliseconds. `min` and `max` are written as in the file. */
    duration: (min: string, max: string) =>
      leaf(
        z.unknown().transform((value, context) => {
          const parsed = typeof value === 'string' ? parseDuration(value.trim()) : undefined;
          if (parsed !== undefined && parsed >= (parseDuration(min) ?? 0) && parsed <= (parseDuration(max) ?? 0)) {
            return parsed;
          }
          context.addIssue(`expected a duration such as 20s, 5m, 12h or 7d, from ${min} to ${max}`);
          return z.NEVER;
        }),
      ).meta({ allowed: `duration, \`${min}\` to \`${max}\`` }),

    /** @param isSecret whether this text is a secret. Default: every text is; a proxy URL is one only with a password. */
    secret: (about: string, isSecret: (text: string) => boolean = () => true) =>
      leaf(limited(about, /\S/), undefined, isSecret)
        .meta({ allowed: 'text, secret', description: sentence(about) })
        .transform(createSecret),

    /** The path of a file with secrets, made absolute. */
    secretFile: (about: string) =>
      text(about)
        .meta({ allowed: 'path' })
        .transform((value) => {
          const path = absolute(value);
          noteSecret(path);
          return path;
        }),

    file,

    /** The content of a file that everybody may read. */
    publicContent: (about: string) => file(about, true).transform(({ content }) => content),

    /** Scheme, host and port of an HTTPS server. */
    origin: (about: string) =>
      text(about)
        .meta({ allowed: '`https://HOST:PORT`' })
        .transform((value, context) => {
          const url = URL.parse(value);
          if (url?.protocol === 'https:' && url.username === '' && `${url.pathname}${url.search}${url.hash}` === '/') {
            return url.origin;
          }
          context.addIssue('expected the origin of an HTTPS server without a path, such as https://127.0.0.1:2197');
          return z.NEVER;
        }),

    /** An address, a network in CIDR notation, or one of the names for networks. */
    network: () =>
      text('an address or network')
        .meta({ allowed: '`loopback`, `linklocal`, `uniquelocal`, an IP address, or a network such as `10.0.0.0/8`' })
        .refine(isNetwork, {
          error: 'expected loopback, linklocal, uniquelocal, an IP address, or a network such as 10.0.0.0/8',
        }),
  };
}

/** The kinds of values where nothing can be referred to: for defaults and for the reference of all keys. */
export const literalValues = createValueKinds(
  {
    baseDir: '/',
    readFile() {
      throw new Error('nothing can be referred to here');
    },
    env: {},
  },
  () => undefined,
);

function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}.`;
}

function isNetwork(text: string): boolean {
  if (text === 'loopback' || text === 'linklocal' || text === 'uniquelocal') return true;
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
