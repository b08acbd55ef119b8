// The admin API of the ops listener, for the operator's own tools.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { fieldErrorOf } from '../../http/request-errors.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Clock } from '../../time/clock.ts';
import { type AccessOptions, restrictAccess } from './access.ts';
import type { Failure } from '../console/failures.ts';
import { addLiveRoute, type LiveOptions } from '../console/routes.ts';
import type { DeviceControl } from './device-control.ts';
import { addDeviceRoutes } from './device-routes.ts';
import { addGuardRoutes, type GuardControl } from './guard-routes.ts';
import { addTraceRoutes, type TraceRoutesOptions } from './trace-routes.ts';

export interface AdminOptions extends Omit<AccessOptions, 'clock'>, Pick<TraceRoutesOptions, 'tracing' | 'sendTest'> {
  readonly guard: GuardControl;
  readonly devices: DeviceControl;
  /** What failed lately, the latest first. */
  readonly failures: () => readonly Failure[];
  /** Of Sealpost, for the document. */
  readonly version: string;
}

/** Adds the admin API, and its OpenAPI document at `/admin/openapi.json`. */
export function addAdminApi(
  app: FastifyInstance,
  {
    guard,
    devices,
    version,
    ...options
  }: AdminOptions & Pick<LiveOptions, 'overview' | 'recorder'> & { readonly log: Log; readonly clock: Clock },
): void {
  const { log } = options;
  void app.register((admin, _, done) => {
    restrictAccess(admin, options);
    describe(admin, version);
    admin.setErrorHandler((error, _request, reply) => {
      const refusal = fieldErrorOf(error);
      if (refusal) {
        const { pointer, detail } = refusal;
        const hint = 'see /admin/openapi.json';
        return reply.code(400).send({ error: `${refusal.in}${pointer}: ${detail}`, hint });
      }
      const status = (error as { statusCode?: unknown }).statusCode;
      if (typeof status === 'number' && status < 500) return reply.code(status).send({ error: 'bad request' });
      log.error({ reason: errorCode(error) }, 'cannot answer a request to the admin API');
      return reply
        .code(503)
        .send({ error: `cannot be answered now (${errorCode(error)})`, hint: 'see the store in /readyz, and the log' });
    });
    // In a scope of its own, since the document lists only what is added after it.
    void admin.register((routes, _options, added) => {
      addGuardRoutes(routes, guard);
      addDeviceRoutes(routes, devices);
      addTraceRoutes(routes, { ...options, devices });
      addLiveRoute(routes, options);
      added();
    });
    done();
  });
}

function describe(admin: FastifyInstance, version: string): void {
  void admin.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sealpost administration',
        version,
        description: 'What the commands `guard`, `devices`, `trace` and `send-test` ask of a running server.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      security: [{ adminToken: [] }],
      components: {
        securitySchemes: { adminToken: { type: 'http', scheme: 'bearer', description: 'admin.token of the config.' } },
      },
    },
  });
  void admin.register((scope, _, done) => {
    scope.get('/admin/openapi.json', { schema: { hide: true } }, () => admin.swagger());
    done();
  });
}
