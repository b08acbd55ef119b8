// RFC 9457, "Problem Details for HTTP APIs": every answer of the registration API other than success.
import type { FastifyReply } from 'fastify';

/** A row of the table. Its name is the last part of the problem's `type`. */
interface ProblemEntry {
  readonly status: number;
  readonly title: string;
  /** What the caller should do. */
  readonly advice: string;
}

/** Callers rely on the names, so a released name keeps its meaning. */
export const problems = {
  'invalid-request': {
    status: 400,
    title: 'The request does not have the right form.',
    advice: 'See errors: each names a place in the request and what is wrong there. Nothing was changed.',
  },
  unauthorized: {
    status: 401,
    title: 'The bearer token is missing or names no app.',
    advice: 'Send Authorization: Bearer TOKEN with the token under apps.NAME.api in the config of this server.',
  },
  'no-such-registration': {
    status: 404,
    title: 'This app has no registration of that node.',
    advice: 'It was removed, never existed or belongs to another app. Register the device again.',
  },
  'no-such-path': {
    status: 404,
    title: 'There is nothing at this path and method.',
    advice: 'See /v1/openapi.json.',
  },
  'too-large': {
    status: 413,
    title: 'The body is larger than any registration.',
    advice: 'A body has at most 16384 bytes.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is not JSON.',
    advice: 'Send Content-Type: application/json.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The same Idempotency-Key came with another body before.',
    advice: 'Take a new key for each device that you register; repeat one only with the very same body.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests.',
    advice: 'Wait for the seconds that Retry-After names.',
  },
  'too-many-registrations': {
    status: 503,
    title: 'The domain of this account has too many registrations, or too many new ones today.',
    advice: 'Ask again tomorrow, or raise registrations: in the config of this server. Nothing was changed.',
  },
  unavailable: {
    status: 503,
    title: 'The registrations cannot be reached now.',
    advice: 'Ask again after the seconds that Retry-After names; registering twice gives the same node.',
  },
} as const satisfies Readonly<Record<string, ProblemEntry>>;

/** Name of a problem, and last part of its type. */
export type ProblemName = keyof typeof problems;

/** A fault at one place of a request. */
export interface FieldError {
  /** The part of the request that `pointer` refers to. */
  readonly in: 'body' | 'querystring' | 'params' | 'headers';
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  /** What is wrong, without quoting the request. */
  readonly detail: string;
}

/** Relative, so that it is the same whatever name the server is reached by. */
export const problemType = (name: ProblemName): string => `/v1/problems/${name}`;

/** Sends a problem, with `Retry-After` where waiting helps. */
export function sendProblem(reply: FastifyReply, name: ProblemName, errors?: readonly FieldError[]): FastifyReply {
  const { status, title, advice } = problems[name];
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 429) reply.header('retry-after', '1');
  if (status === 503) reply.header('retry-after', '10');
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: problemType(name), title, status, detail: advice, ...(errors && { errors }) });
}

export function isProblemName(name: string): name is ProblemName {
  return Object.hasOwn(problems, name);
}
