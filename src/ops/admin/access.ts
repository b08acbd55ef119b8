// Who may use the admin API: callers with its bearer token (RFC 6750), under a name of the ops listener, and no web page of
// another origin (Fetch Metadata, DNS rebinding).
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../../core/secret.ts';
import { createBearer } from '../../http/bearer.ts';
import { callerOf } from '../../http/caller.ts';
import { createRateLimit } from '../../http/rate-limit.ts';
import type { Clock } from '../../time/clock.ts';

export interface AccessOptions {
  /** Without a token the API is off. */
  readonly token?: Secret;
  /** Names under which the listener is reached, in lower case, beside its addresses and `localhost`. */
  readonly hosts: readonly string[];
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Per address without the right token. The right one is always taken, so that strangers do not keep the operator out. */
const strangerLimits = { burst: 20, perSecond: 0.2, maxAddresses: 1_000 };
/** For all callers with the token together: a console that is open, and a few commands. */
const operatorLimits = { burst: 200, perSecond: 20, maxAddresses: 1 };

/** Refuses whoever may not use the routes of this scope. */
export function restrictAccess(scope: FastifyInstance, { token, hosts, clock }: AccessOptions): void {
  const bearer = createBearer(token ? [{ token }] : []);
  const strangerMayAsk = createRateLimit({ clock, ...strangerLimits });
  const operatorMayAsk = createRateLimit({ clock, ...operatorLimits });
  const names = new Set(hosts);

  scope.addHook('onRequest', async (request, reply) => {
    if (!isOwnName(request.headers.host, names)) {
      const hint = 'name it under admin.hosts in the config, or use the address of the listener';
      await refuse(reply, 421, 'the Host of this request is no name of the ops listener', hint);
    } else if (isCrossSite(request)) {
      const hint = 'use the console of the ops listener itself, or the sealpost command';
      await refuse(reply, 403, 'requests of other web pages are refused', hint);
    } else if (!token) {
      const hint =
        'set admin.token in the config, such as admin: { token: { env: SEALPOST_ADMIN_TOKEN } }, and restart';
      await refuse(reply, 403, 'the admin API is off', hint);
    } else if (bearer(request.headers.authorization)) {
      if (!operatorMayAsk('')) await refuseForNow(reply, 1);
    } else if (strangerMayAsk(callerOf(request))) {
      const hint = 'send the admin.token of the config as Authorization: Bearer …';
      reply.header('www-authenticate', 'Bearer');
      await refuse(reply, 401, 'wrong or no token', hint);
    } else {
      await refuseForNow(reply, 1 / strangerLimits.perSecond);
    }
  });
}

function refuse(reply: FastifyReply, status: number, error: string, hint: string): FastifyReply {
  return reply.code(status).send({ error, hint });
}

function refuseForNow(reply: FastifyReply, seconds: number): FastifyReply {
  reply.header('retry-after', String(seconds));
  return refuse(reply, 429, 'too many requests', 'wait for the seconds that Retry-After names');
}

/** A page of another site can make a browser send requests here under a name of its own, but not under ours. */
function isOwnName(host: string | undefined, names: ReadonlySet<string>): boolean {
  const name = URL.parse(`http://${host}`)?.hostname ?? '';
  const address = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.has(name);
}

/** Tools send neither header; browsers send the first one, and the second one with everything that changes something. */
function isCrossSite({ headers, protocol }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && headers.origin !== `${protocol}://${headers.host}`;
}
