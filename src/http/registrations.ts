// The HTTP API below `/v1` for vendors with a client of their own: authorisation, rate limits and errors.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TooManyRegistrations } from '../core/registration.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createBearer } from './bearer.ts';
import { callerOf } from './caller.ts';
import { describeApi } from './openapi.ts';
import { sendProblem } from './problems.ts';
import { createRateLimit } from './rate-limit.ts';
import { type ApiApp, addRegistrationRoutes, type RegistrationRoutesOptions } from './registration-routes.ts';
import { sharedSchemas } from './registration-schemas.ts';
import { fieldErrorOf } from './request-errors.ts';

export interface RegistrationsOptions extends Omit<RegistrationRoutesOptions, 'callerOf'> {
  readonly apps: readonly ApiApp[];
  readonly version: string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Per address, for callers without a token: enough to read the document, too slow to try tokens. */
const strangerLimits = { burst: 30, perSecond: 1, maxAddresses: 10_000 };
/** Per app: each registration is synced to disk, and notifications need the disk too. */
const appLimits = { burst: 1_000, perSecond: 100, maxAddresses: 1_000 };

/** Adds the routes below `/v1`, if an app has the API enabled. */
export function addRegistrations(scope: FastifyInstance, options: RegistrationsOptions): void {
  if (options.apps.length > 0) void scope.register((api, _, done) => (addApi(api, options), done()), { prefix: '/v1' });
}

function addApi(api: FastifyInstance, options: RegistrationsOptions): void {
  const { apps, version, clock, log, metrics } = options;
  const appOf = createBearer(apps);
  const strangerMayAsk = createRateLimit({ clock, ...strangerLimits });
  const appMayAsk = createRateLimit({ clock, ...appLimits });
  const callers = new WeakMap<FastifyRequest, ApiApp>();

  api.removeContentTypeParser('text/plain');
  api.addHook('onRequest', async (request, reply) => {
    const app = appOf(request.headers.authorization);
    if (app) callers.set(request, app);
    if (!(app ? appMayAsk(app.name) : strangerMayAsk(callerOf(request)))) await sendProblem(reply, 'rate-limited');
  });
  api.addHook('onResponse', async (request, reply) => {
    const { operationId = '-' } = request.routeOptions.schema ?? {};
    const app = callers.get(request)?.name ?? '-';
    metrics.apiRequests.inc({ app, operation: operationId, answer: String(reply.statusCode) });
  });
  api.setNotFoundHandler((_, reply) => sendProblem(reply, 'no-such-path'));
  api.setErrorHandler((error, _, reply) => {
    const refusal = fieldErrorOf(error);
    if (refusal) return sendProblem(reply, 'invalid-request', [refusal]);
    if (error instanceof TooManyRegistrations) return sendProblem(reply, 'too-many-registrations');
    const status = (error as { statusCode?: unknown }).statusCode;
    if (status === 413) return sendProblem(reply, 'too-large');
    if (status === 415) return sendProblem(reply, 'unsupported-media-type');
    if (typeof status === 'number' && status < 500) return sendProblem(reply, 'invalid-request', []);
    log.error({ reason: errorCode(error) }, 'cannot answer a request to the registration API');
    return sendProblem(reply, 'unavailable');
  });

  for (const schema of sharedSchemas) api.addSchema(schema);
  describeApi(api, version);
  // In a scope of its own, since the document lists only what is added after it.
  void api.register((routes, _, done) => {
    addRegistrationRoutes(routes, { ...options, callerOf: (request) => callers.get(request) });
    done();
  });
}
