// Unregistering over HTTP, as Siskin and Snikket for iOS do when they remove an account that cannot be reached over
// XMPP: `POST /unregister-device/{push JID}`, and as Siskin's second attempt the same path below `/rest/push`.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../time/clock.ts';
import { foldCase } from '../core/jid.ts';
import type { RegistrationMatch } from '../core/registration.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { callerOf } from './caller.ts';
import { type Listener, type ListenerLimits, listen, type ListenAddress } from './listener.ts';
import { createRateLimit } from './rate-limit.ts';

export interface PublicListenerOptions extends ListenAddress {
  /** Proxies whose `X-Forwarded-For` is trusted: addresses, networks, or loopback, linklocal, uniquelocal. */
  readonly trustProxy: readonly string[];
  /** Domains of the component links in lower case, which clients may name as push JID. */
  readonly domains: readonly string[];
  /** Resolves with the number of removed registrations; a rejection means that nothing was changed. */
  readonly unregister: (match: RegistrationMatch) => Promise<number>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits?: Partial<ListenerLimits>;
  /** Adds other routes, which have hooks, limits and errors of their own. */
  readonly more?: (app: FastifyInstance) => void;
}

/**
 * For phones with bad connections: short requests, many sockets. Many phones, or a vendor's own service, may share an
 * address; a tenth of the sockets is more than either needs.
 */
const defaultLimits: ListenerLimits = {
  maxBodyBytes: 4_096,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 100,
  requestTimeoutMs: 10_000,
};

/**
 * A phone sends two requests per account that it removes, and many phones may share an address. The limit protects the
 * store, which syncs each removal to disk; guessing tokens is hopeless at any rate.
 */
const rateLimits = { burst: 30, perSecond: 1, maxAddresses: 10_000 };

/** `provider` is ignored, since Snikket names another one than it registered with. */
const body = z.object({ account: z.string().min(1), 'device-token': z.string().min(1) });

/**
 * Clients read only `result`, so nearly every answer is 200: a proxy that replaces the body of an error would remove
 * it. Without `result` Siskin tries its second path; on another value it gives up, and the account cannot be removed
 * from the phone. So an unknown device is a success. A JID that is not ours is a failure, since the device stays
 * registered elsewhere; the answer still has a `result`, as the second path would not help.
 */
type Result = 'success' | 'failure';

/** Starts the listener that clients reach, behind a TLS proxy or with `tls`. */
export function createPublicListener(options: PublicListenerOptions): Promise<Listener> {
  const { domains, unregister, clock, log, metrics } = options;
  const mayAsk = createRateLimit({ clock, ...rateLimits });
  const count = (answer: 'success' | 'failure' | 'limited') => metrics.unregisterRequests.inc({ answer });

  const run = async (text: unknown): Promise<Result> => {
    const parsed = body.safeParse(parseJson(text));
    if (!parsed.success) return 'failure';
    try {
      await unregister({ account: parsed.data.account, token: parsed.data['device-token'] });
      return 'success';
    } catch (error) {
      log.error({ reason: errorCode(error) }, 'cannot unregister a device');
      return 'failure';
    }
  };

  const handle = async (request: FastifyRequest<{ Params: { jid: string } }>, reply: FastifyReply) => {
    const isOurs = domains.includes(foldCase(request.params.jid));
    const result = isOurs ? await run(request.body) : 'failure';
    count(result);
    return reply.code(isOurs ? 200 : 404).send({ result });
  };

  const addUnregistering = (scope: FastifyInstance): void => {
    // Clients send JSON, whatever their header says.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_, text, done) => done(null, text));
    scope.addHook('onRequest', async (request, reply) => {
      if (mayAsk(callerOf(request))) return;
      count('limited');
      await reply
        .code(429)
        .header('retry-after', String(Math.ceil(1 / rateLimits.perSecond)))
        .send({ result: 'failure' });
    });
    scope.post('/unregister-device/:jid', handle);
    scope.post('/rest/push/unregister-device/:jid', handle);
  };

  return listen({
    ...options,
    limits: { ...defaultLimits, ...options.limits },
    describeFailure() {
      count('failure');
      return { result: 'failure' } satisfies { result: Result };
    },
    routes(app) {
      void app.register((scope, _, done) => (addUnregistering(scope), done()));
      options.more?.(app);
    },
  });
}

function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
