/** What the floor makes of a publish: the request that the server made of the same publish, byte for byte as long. */
import { randomUUID } from 'node:crypto';
import type { ProviderName, PushRequest } from './protocol.ts';

/** What a request consists of besides what all requests have in common. */
export interface Content {
  readonly token: string;
  readonly account: string;
  readonly ciphertext: string;
  readonly iv: string;
}

/** Path, headers and body of the next request. */
export type Compose = (content: Content) => PushRequest;

/** @param template a request that the server sent, from which all is taken that does not depend on the publish */
export function composeLike(provider: ProviderName, template: PushRequest): Compose {
  const { path, headers } = template;
  const body = JSON.parse(template.body) as Record<string, unknown>;
  if (provider === 'apns')
    return ({ token, account, ciphertext, iv }) => {
      // Header compression cannot remember these two, since they are new in each request.
      const id = randomUUID();
      return {
        path: `/3/device/${token}`,
        headers: { ...headers, 'apns-id': id, 'apns-collapse-id': id },
        body: JSON.stringify({ ...body, account, encrypted: ciphertext, iv }),
      };
    };
  const message = body['message'] as Record<string, unknown>;
  return ({ token, account, ciphertext, iv }) => ({
    path,
    headers,
    body: JSON.stringify({ message: { ...message, token, data: { account, encrypted: ciphertext, iv } } }),
  });
}

/**
 * How the requests of the floor differ from those of the server; empty if they do not. Compared are the path, the size of
 * the body, its keys in their order, and name and length of each header; ids and times have other values.
 */
export function describeDifference(server: PushRequest, floor: PushRequest): string[] {
  const shapes = [server, floor].map(shapeOf);
  const [expected = {}, actual = {}] = shapes;
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))]
    .filter((part) => expected[part] !== actual[part])
    .map((part) => `${part}: the floor has ${actual[part] ?? 'none'}, the server ${expected[part] ?? 'none'}`);
}

function shapeOf({ path, headers, body }: PushRequest): Readonly<Record<string, string | number>> {
  return {
    path,
    'bytes of the body': Buffer.byteLength(body),
    'keys of the body': keysOf(JSON.parse(body)).join(' '),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`length of ${name}`, value.length])),
  };
}

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}
