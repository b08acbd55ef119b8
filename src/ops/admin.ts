// The admin API of the ops listener, for the operator's own tools, with the bearer token `admin.token` (RFC 6750).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Secret } from '../core/secret.ts';
import { createBearer } from '../http/bearer.ts';

/** A reason for which answers are held back. */
export interface GuardHold {
  readonly cause: string;
  readonly app: string;
  /** It is about the accounts of this domain; absent: of all. */
  readonly domain?: string;
  /** ISO 8601. */
  readonly since: string;
  /** How many were seen, how many of them were bad, and how many answers were held back since. */
  readonly seen: number;
  readonly bad: number;
  readonly held: number;
  /** What happened, and what to do about it. */
  readonly what: string;
  readonly hint: string;
}

/** The answer of `GET /guard`. */
export interface GuardReport {
  readonly state: 'watching' | 'holding';
  /** The first of them. */
  readonly holds: readonly GuardHold[];
  /** How many there are. */
  readonly count: number;
}

/** The mass-loss guard as the admin API sees it. */
export interface GuardControl {
  describe(): GuardReport;
  /** Ends every hold and returns their number. `acceptRemovals`: accept what was held. */
  release(options: { readonly acceptRemovals: boolean }): number;
}

export interface AdminOptions {
  /** Without a token the API is off. */
  readonly token?: Secret;
  readonly guard: GuardControl;
}

const releaseBody = z.strictObject({ acceptRemovals: z.boolean().default(false) });

/** Adds `GET /guard` and `POST /guard/release`. */
export function addAdminRoutes(app: FastifyInstance, { token, guard }: AdminOptions): void {
  const bearer = createBearer(token ? [{ token }] : []);
  void app.register((admin, _, done) => {
    admin.addHook('onRequest', async (request, reply) => {
      if (!token) {
        const hint =
          'set admin.token in the config, such as admin: { token: { env: SEALPOST_ADMIN_TOKEN } }, and restart';
        await reply.code(403).send({ error: 'the admin API is off', hint });
      } else if (!bearer(request.headers.authorization)) {
        const hint = 'send the admin.token of the config as Authorization: Bearer …';
        await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'wrong or no token', hint });
      }
    });
    admin.get('/guard', () => guard.describe());
    admin.post('/guard/release', async (request, reply) => {
      const parsed = releaseBody.safeParse(request.body ?? {});
      if (!parsed.success) {
        return reply.code(400).send({ error: 'expected {"acceptRemovals": true}, {"acceptRemovals": false} or {}' });
      }
      return { released: guard.release(parsed.data), ...guard.describe() };
    });
    done();
  });
}
