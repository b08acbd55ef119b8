import type { FastifyInstance, FastifyReply } from 'fastify';
import { domainOf } from '../../core/jid.ts';
import type { Registration } from '../../core/registration.ts';
import { longestTraceMs, type RunningTrace, type Tracing } from '../../core/trace.ts';
import { errorCode } from '../../telemetry/error-code.ts';
import { fingerprint as fingerprintOf, type Log } from '../../telemetry/log.ts';
import type { Clock } from '../../time/clock.ts';
import type { DeviceControl } from './device-control.ts';
import { resolveDevice } from './device-routes.ts';
import { type EventStream, openEventStream } from './event-stream.ts';
import { account, answersOf, fingerprint } from './schemas.ts';
import { describeStep } from './step-words.ts';
import { describeTest } from './words.ts';

/** Milliseconds that a test push is followed. */
const testWithinMs = 30_000;

const testKinds = ['alert', 'background', 'voip'] as const;
type TestKind = (typeof testKinds)[number];

export interface TraceRoutesOptions {
  readonly devices: Pick<DeviceControl, 'ofAccount' | 'resolve'>;
  readonly tracing: Tracing;
  /** Sends a push without content, as the provider takes any other; resolves with a word for what became of it. */
  readonly sendTest: (registration: Registration, kind: TestKind) => Promise<string>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
}

const events = (description: string) => ({
  200: { description, content: { 'text/event-stream': { schema: { type: 'string' } } } },
});

/** Adds `GET /trace` and `POST /devices/{fingerprint}/test`, whose answers are events. */
export function addTraceRoutes(admin: FastifyInstance, options: TraceRoutesOptions): void {
  const { devices, tracing, sendTest, clock, log } = options;

  admin.route<{ Querystring: { account?: string; fingerprint?: string; seconds?: string } }>({
    method: 'GET',
    url: '/trace',
    schema: {
      operationId: 'trace',
      summary: 'Follows the devices of an account, or one device: an event for each step of each notification',
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          account,
          fingerprint,
          seconds: { type: 'string', pattern: '^[1-9][0-9]{0,3}$', description: 'At most 3600. Default: 600.' },
        },
        oneOf: [{ required: ['account'] }, { required: ['fingerprint'] }],
      },
      response: answersOf(events('Events `step`, `skipped` and, last, `end`, each with JSON.'), 409),
    },
    async handler({ query }, reply) {
      const { account: named, fingerprint: print, seconds = '600' } = query;
      const prints = print === undefined ? await printsOf(devices, named ?? '') : [print];
      const what = {
        devices: prints,
        ...(named !== undefined && { account: named }),
        forMs: Math.min(Number(seconds) * 1_000, longestTraceMs),
      };
      const followed = follow({ reply, tracing, clock, ...what });
      if (!followed) return refuseFull(reply);
      const domain = named === undefined ? {} : { domain: domainOf(named) };
      log.info({ count: prints.length, ...domain }, 'an operator follows devices');
      followed.stream.send('begin', { devices: prints, forSeconds: what.forMs / 1_000 });
      return reply;
    },
  });

  admin.route<{ Params: { fingerprint: string }; Body: { push?: TestKind } | null | undefined }>({
    method: 'POST',
    url: '/devices/:fingerprint/test',
    schema: {
      operationId: 'sendTest',
      summary: 'Sends a push without content to a device, through its provider, and follows it',
      params: { type: 'object', required: ['fingerprint'], properties: { fingerprint } },
      body: {
        type: ['object', 'null'],
        additionalProperties: false,
        properties: { push: { type: 'string', enum: testKinds, description: 'Default: alert.' } },
      },
      response: answersOf(events('Events `step` and, last, `end`, each with JSON.'), 404, 409),
    },
    async handler(request, reply) {
      const record = await resolveDevice(devices, request, reply);
      if (!record) return reply;
      const { registration } = record;
      const print = fingerprintOf(registration.node);
      const followed = follow({ reply, tracing, clock, devices: [print], forMs: testWithinMs });
      if (!followed) return refuseFull(reply);
      const { push = 'alert' } = request.body ?? {};
      log.info({ app: registration.app, registration: print }, 'an operator sends a test push');
      void sendTest(registration, push)
        .catch((error: unknown) => errorCode(error))
        .then((outcome) => followed.end({ outcome, ...describeTest(outcome) }));
      return reply;
    },
  });
}

/** Fingerprints of an account's devices, those too that were removed and that its server may still publish to. */
async function printsOf(devices: Pick<DeviceControl, 'ofAccount'>, named: string): Promise<string[]> {
  return (await devices.ofAccount(named)).devices.map((device) => device.fingerprint);
}

interface Follow {
  readonly reply: FastifyReply;
  readonly tracing: Tracing;
  readonly clock: Pick<Clock, 'after'>;
  readonly devices: readonly string[];
  readonly account?: string;
  readonly forMs: number;
}

interface Followed {
  readonly stream: EventStream;
  /** Ends trace and answer, with the last event. */
  end(data: object): void;
}

/** Answers with the steps of devices; undefined: as many traces run as may. */
function follow({ reply, tracing, clock, ...request }: Follow): Followed | undefined {
  let stream: EventStream | undefined;
  let unread = 0;
  let told = 0;
  const skipped = (trace: RunningTrace) => trace.skipped + unread;
  const trace = tracing.follow({
    ...request,
    onEvent(event) {
      if (trace && skipped(trace) > told && stream?.send('skipped', { steps: skipped(trace) - told })) {
        told = skipped(trace);
      }
      if (!stream?.send('step', { ...event, text: describeStep(event) })) unread += 1;
    },
    onEnd: (reason) => finish({ reason }),
  });
  if (!trace) return undefined;
  stream = openEventStream(reply, clock);
  stream.onClosed(trace.stop);

  function finish(data: object): void {
    stream?.send('end', data);
    stream?.end();
  }

  return {
    stream,
    end(data) {
      trace.stop();
      finish(data);
    },
  };
}

function refuseFull(reply: FastifyReply): FastifyReply {
  return reply
    .code(409)
    .send({ error: 'as many traces run as may', hint: 'end one of them, or wait until its time is over' });
}
