import { type Clock, systemClock } from '../time/clock.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { addAdminApi, type AdminOptions } from './admin/api.ts';
import { createOverview } from './console/overview.ts';
import { startRecorder } from './console/recorder.ts';
import { addConsolePage } from './console/routes.ts';
import type { Health } from './health-report.ts';
import { type Listener, type ListenerLimits, listen, type ListenAddress } from '../http/listener.ts';

export interface OpsListenerOptions extends ListenAddress {
  /** Assembles the state of every part. Requests that arrive meanwhile share its result. */
  readonly health: () => Promise<Health>;
  readonly admin: AdminOptions;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock?: Clock;
}

/** For few callers, all of them the operator's own. */
const limits: ListenerLimits = {
  maxBodyBytes: 16_384,
  maxConnections: 100,
  maxConnectionsPerAddress: 100,
  requestTimeoutMs: 10_000,
};

/** Starts the listener for operators: `/healthz`, `/readyz`, `/metrics`, console, admin API. It must not be public. */
export function createOpsListener(options: OpsListenerOptions): Promise<Listener> {
  const { health, admin, metrics, log, clock = systemClock } = options;
  const ask = shareAnswer(async (): Promise<Health> => {
    try {
      return await health();
    } catch (error) {
      log.error({ reason: errorCode(error) }, 'the health check failed');
      return { status: 'fail', checks: { health: { status: 'fail', reason: 'the health check failed' } } };
    }
  });

  return listen({
    ...options,
    limits,
    clock,
    describeFailure: (status) => ({ error: status >= 500 ? 'internal error' : 'bad request' }),
    routes(app) {
      app.get('/healthz', () => ({ status: 'pass' }));
      app.get('/readyz', async (_, reply) => {
        const state = await ask();
        return reply.code(state.status === 'fail' ? 503 : 200).send(state);
      });
      app.get('/metrics', async (_, reply) => {
        metrics.time.set({}, clock.now() / 1_000);
        return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
      });
      addConsolePage(app);
      const overview = createOverview({ health: ask, metrics, failures: admin.failures, clock });
      addAdminApi(app, { ...admin, overview, recorder: startRecorder({ metrics, clock }), log, clock });
    },
  });
}

/** Calls that arrive while an answer is being found share it, so many probes cause no load. */
function shareAnswer<T>(find: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => {
    pending ??= find().finally(() => (pending = undefined));
    return pending;
  };
}
