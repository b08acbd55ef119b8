import type { FastifyInstance } from 'fastify';
import { answersOf, guardReport, guardRelease } from './schemas.ts';

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

/** Adds `GET /guard` and `POST /guard/release`. */
export function addGuardRoutes(admin: FastifyInstance, guard: GuardControl): void {
  admin.route({
    method: 'GET',
    url: '/guard',
    schema: {
      operationId: 'guard',
      summary: 'What the mass-loss guard holds back, and why',
      response: answersOf({ 200: guardReport }),
    },
    handler: () => guard.describe(),
  });

  admin.route<{ Body: { readonly acceptRemovals?: boolean } | null | undefined }>({
    method: 'POST',
    url: '/guard/release',
    schema: {
      operationId: 'releaseGuard',
      summary: 'Ends the holds of the mass-loss guard',
      body: guardRelease,
      response: answersOf({ 200: guardReport }),
    },
    handler(request) {
      const { acceptRemovals = false } = request.body ?? {};
      return { released: guard.release({ acceptRemovals }), ...guard.describe() };
    },
  });
}
