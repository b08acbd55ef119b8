import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { foldCase } from '../../core/jid.ts';
import type { DeviceRecord } from '../../store/registry/devices.ts';
import { fingerprint as fingerprintOf } from '../../telemetry/log.ts';
import type { DeviceControl, ListFilter } from './device-control.ts';
import { account, answersOf, deviceList, deviceReport, fingerprint, forgotten, revoked } from './schemas.ts';

/** Most devices that one request lists. */
const LIST_MAX = 1_000_000;

interface Query {
  readonly account?: string;
  readonly find?: string;
}

interface ListQuery {
  readonly app?: string;
  readonly domain?: string;
  readonly failing?: 'true';
  readonly limit?: string;
}

/** Adds the routes about devices. */
export function addDeviceRoutes(admin: FastifyInstance, devices: DeviceControl): void {
  admin.route<{ Querystring: Query }>({
    method: 'GET',
    url: '/devices',
    schema: {
      operationId: 'devices',
      summary: 'The devices of an account, or those that a fingerprint or the begin of a token names',
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          account,
          find: {
            type: 'string',
            pattern: String.raw`^[\x21-\x7e]{6,4096}$`,
            description: 'A fingerprint as in the log, or the begin of a device token.',
          },
        },
        minProperties: 1,
        maxProperties: 1,
      },
      response: answersOf({ 200: deviceList }),
    },
    async handler({ query }, reply) {
      const { account: named, find = '' } = query;
      if (named !== undefined) return devices.ofAccount(named);
      const result = await devices.find(find, signalOf(reply));
      return result === 'busy' ? refuseBusy(reply) : result;
    },
  });

  admin.route<{ Querystring: ListQuery }>({
    method: 'GET',
    url: '/devices/list',
    schema: {
      operationId: 'listDevices',
      summary: 'All registered devices, one JSON object a line, as fast as they are read',
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          app: { type: 'string', maxLength: 100 },
          domain: { type: 'string', maxLength: 255, description: 'Domain of the account.' },
          failing: {
            type: 'string',
            enum: ['true'],
            description: 'Those whose latest publish or push did not go well.',
          },
          limit: { type: 'string', pattern: '^[1-9][0-9]{0,6}$', description: 'Most devices. Default: 100.' },
        },
      },
      response: answersOf({
        200: { description: 'JSON lines.', content: { 'application/x-ndjson': { schema: deviceReport } } },
      }),
    },
    handler({ query }, reply) {
      const { app, domain, failing, limit = '100' } = query;
      const filter: ListFilter = {
        ...(app !== undefined && { app }),
        ...(domain !== undefined && { domain: foldCase(domain) }),
        failing: failing === 'true',
        limit: Math.min(Number(limit), LIST_MAX),
      };
      return reply.type('application/x-ndjson').send(Readable.from(linesOf(devices.list(filter))));
    },
  });

  admin.route<{ Params: { fingerprint: string } }>({
    method: 'DELETE',
    url: '/devices/:fingerprint',
    schema: {
      operationId: 'revokeDevice',
      summary: 'Removes a registration; its XMPP server is told with the next publish',
      params: { type: 'object', required: ['fingerprint'], properties: { fingerprint } },
      response: answersOf({ 200: revoked }, 404, 409),
    },
    async handler(request, reply) {
      const record = await resolveDevice(devices, request, reply);
      if (!record) return reply;
      const { registration } = record;
      if (!(await devices.revoke(registration))) {
        return reply
          .code(409)
          .send({ error: 'the device registered anew meanwhile', hint: 'look at it, and try again' });
      }
      const { app, node, account: owner } = registration;
      return { fingerprint: fingerprintOf(node), app, domain: owner.slice(owner.indexOf('@') + 1) };
    },
  });

  admin.route<{ Body: { readonly account: string } }>({
    method: 'POST',
    url: '/accounts/forget',
    schema: {
      operationId: 'forgetAccount',
      summary: 'Erases everything that is kept of an account',
      body: { type: 'object', additionalProperties: false, required: ['account'], properties: { account } },
      response: answersOf({ 200: forgotten }),
    },
    handler: ({ body }) => devices.forget(body.account),
  });
}

/** The registered device of a request; undefined: the request is answered. */
export async function resolveDevice(
  devices: Pick<DeviceControl, 'resolve'>,
  { params }: FastifyRequest<{ Params: { fingerprint: string } }>,
  reply: FastifyReply,
): Promise<DeviceRecord | undefined> {
  const record = await devices.resolve(params.fingerprint);
  if (record && !record.removed) return record;
  const error = record ? 'this device is removed already' : 'no device has this fingerprint';
  await reply.code(404).send({ error, hint: 'see sealpost devices show ACCOUNT' });
  return undefined;
}

function refuseBusy(reply: FastifyReply): FastifyReply {
  const hint = 'it reads the whole store; try again in a few seconds';
  return reply.code(429).header('retry-after', '5').send({ error: 'another search is under way', hint });
}

/** Aborted when the caller goes, or has the answer. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

async function* linesOf(reports: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const report of reports) yield `${JSON.stringify(report)}\n`;
}
