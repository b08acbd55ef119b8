/** Calls the admin API of a running server, for the commands that ask it. */
import { z } from 'zod';
import { type Config, loadConfig } from '../config/config.ts';
import { errorCode } from '../telemetry/error-code.ts';
import { UsageError } from './command.ts';

/** Milliseconds; a healthy server answers from memory or with one query, far faster. */
const answerWithinMs = 10_000;

/** Milliseconds for what reads the whole store. */
export const searchWithinMs = 120_000;

/** Options that every command of the admin API has. */
export const adminOptions = {
  config: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** What help pages say about them. */
export const adminOptionsHelp = `  --config FILE  default: the environment variable SEALPOST_CONFIG
  --url URL      of the ops listener; default: http.ops of the config`;

/** The server did not do what was asked; the message says why and what to do. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
}

export interface AdminRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Milliseconds until the answer has to be there. Default 10 s. */
  readonly withinMs?: number;
}

export interface AdminClient {
  /**
   * The answer, checked by the schema.
   * @throws AdminError
   */
  ask<T>(schema: z.ZodType<T>, request: AdminRequest): Promise<T>;
  /**
   * The lines of an answer that comes bit by bit; ends with it, or when the signal is aborted.
   * @throws AdminError
   */
  lines(request: AdminRequest): AsyncIterable<string>;
}

const refusal = z.object({ error: z.string(), hint: z.string().optional() });

/**
 * Speaks to the ops listener that the config or `--url` names, until the signal is aborted.
 * @throws ConfigError, UsageError; AdminError: the config has no token
 */
export function openAdminClient(
  given: { readonly config?: string; readonly url?: string },
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): AdminClient {
  const file = given.config ?? env['SEALPOST_CONFIG'] ?? '';
  if (file === '') throw new UsageError('a config is missing: --config FILE or SEALPOST_CONFIG');
  const config = loadConfig(file);
  const { token } = config.admin;
  if (!token) throw new AdminError('The admin API is off. Set admin.token in the config and restart the server.');
  const origin = given.url ?? originOf(config.http.ops);

  async function send({ method = 'GET', path, query = {}, body }: AdminRequest, until: AbortSignal): Promise<Response> {
    const url = new URL(path, origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${token?.reveal()}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([signal, until]),
      });
    } catch (error) {
      throw unanswered(error);
    }
    if (response.ok) return response;
    const { error = 'not the admin API', hint } = refusal.safeParse(await jsonOf(response)).data ?? {};
    throw new AdminError(`${origin} answered ${response.status}: ${error}${hint === undefined ? '' : `; ${hint}`}`);
  }

  function unanswered(error: unknown): AdminError {
    if (signal.aborted) return new AdminError('interrupted');
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return new AdminError(
      `No answer from ${origin} (${errorCode(cause)}). Does the server run? Name its ops listener with --url.`,
    );
  }

  return {
    async ask(schema, request) {
      const response = await send(request, AbortSignal.timeout(request.withinMs ?? answerWithinMs));
      const parsed = schema.safeParse(await jsonOf(response));
      if (parsed.success) return parsed.data;
      throw new AdminError(`${origin} answered ${response.status}: not the admin API of this version`);
    },
    async *lines(request) {
      const late = new AbortController();
      const timeout = setTimeout(() => late.abort(), request.withinMs ?? answerWithinMs);
      const response = await send(request, late.signal).finally(() => clearTimeout(timeout));
      const decoder = new TextDecoder();
      let rest = '';
      try {
        for await (const part of response.body ?? []) {
          const parts = (rest + decoder.decode(part as Uint8Array, { stream: true })).split('\n');
          rest = parts.pop() ?? '';
          yield* parts;
        }
      } catch (error) {
        if (!signal.aborted) throw unanswered(error);
      }
    },
  };
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function originOf({ host, port, tls }: Config['http']['ops']): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls ? 'https' : 'http'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
