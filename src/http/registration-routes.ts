// The HTTP API for vendors with a client of their own: creates, reads and removes registrations of their apps.
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../time/clock.ts';
import { foldCase } from '../core/jid.ts';
import { http } from '../conventions/http.ts';
import { parseDeviceToken } from '../providers/all.ts';
import type { App } from '../core/app.ts';
import type { Registration } from '../core/registration.ts';
import type { Secret } from '../core/secret.ts';
import type { Registry } from '../store/registry/contract.ts';
import { createIdempotency } from './idempotency.ts';
import { type FieldError, sendProblem } from './problems.ts';
import { createRateLimit } from './rate-limit.ts';
import {
  accountQuery,
  answersOf,
  idempotencyHeaders,
  LIST_MAX,
  nodeParams,
  registrationRequest,
} from './registration-schemas.ts';

/** An app whose registrations the API handles. */
export interface ApiApp extends Pick<App, 'name' | 'provider' | 'takesSecondToken'> {
  readonly token: Secret;
}

export interface RegistrationRoutesOptions {
  readonly apps: readonly ApiApp[];
  /** The app whose token a request carries; undefined: the request is not authorised. */
  readonly callerOf: (request: FastifyRequest) => ApiApp | undefined;
  readonly registry: Pick<Registry, 'register' | 'find' | 'list' | 'remove'>;
  /** Domains of the component links. */
  readonly domains: readonly string[];
  /** Bytes of base64 that surely fit into a push of this app for this account. */
  readonly largestCiphertext: (app: string, account: string) => number;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 16_384;
/** Per account, which never has so many devices. Protects a caller that relays requests from one of its clients. */
const accountLimits = { burst: 30, perSecond: 1, maxAddresses: 100_000 };
const idempotencyLimits = { maxKeys: 2_000, lifeMs: 600_000 };

interface RegistrationBody {
  readonly account: string;
  readonly token: string;
  readonly secondToken?: string;
  readonly device?: string;
  readonly secret?: boolean;
}

/** The answer to a registration, as the schema of this name describes it. */
interface Registered {
  readonly node: string;
  readonly secret?: string;
  readonly jids: readonly string[];
  readonly maxPayloadSize: number;
  readonly registeredAt: string;
}

/** Adds the four routes for registrations. */
export function addRegistrationRoutes(api: FastifyInstance, options: RegistrationRoutesOptions): void {
  const { apps, registry, domains, largestCiphertext, clock } = options;
  const accountMayRegister = createRateLimit({ clock, ...accountLimits });
  const stillHolds = async ({ node }: Registered) => (await registry.find(node)) !== undefined;
  const createReplays = () => createIdempotency<Registered>({ clock, ...idempotencyLimits, stillHolds });
  const replays = new Map(apps.map(({ name }) => [name, createReplays()]));
  const callerOf = (request: FastifyRequest): ApiApp => {
    const app = options.callerOf(request);
    if (!app) throw new Error('a request without a caller passed its check');
    return app;
  };
  /** Options of every route that needs a token. */
  const authorised = {
    exposeHeadRoute: false,
    bodyLimit: MAX_BODY_BYTES,
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      if (!options.callerOf(request)) await sendProblem(reply, 'unauthorized');
    },
  };
  const security = [{ appToken: [] }];

  async function register(app: ApiApp, body: RegistrationBody, tokens: DeviceTokens): Promise<Registered> {
    const stored = await registry.register({
      app: app.name,
      convention: http.name,
      account: body.account,
      device: body.device ?? tokens.token,
      ...tokens,
      withSecret: body.secret ?? false,
    });
    return {
      node: stored.node,
      ...(stored.secret !== undefined && { secret: stored.secret }),
      jids: domains,
      maxPayloadSize: largestCiphertext(app.name, body.account),
      registeredAt: new Date(stored.registeredAtMs).toISOString(),
    };
  }

  api.route<{ Body: RegistrationBody; Headers: { 'idempotency-key'?: string } }>({
    method: 'POST',
    url: '/registrations',
    ...authorised,
    schema: {
      operationId: 'register',
      summary: 'Registers a device of an account, or updates its tokens',
      security,
      headers: idempotencyHeaders,
      body: { $ref: `${registrationRequest.$id}#` },
      response: answersOf(
        { 200: { description: 'The device is registered, durably.', $ref: 'Registered#' } },
        ...(['too-large', 'unsupported-media-type', 'idempotency-key-reused'] as const),
      ),
    },
    async handler(request, reply) {
      const app = callerOf(request);
      const { body } = request;
      const tokens = readDevice(app, body);
      if ('pointer' in tokens) return sendProblem(reply, 'invalid-request', [tokens]);
      if (!accountMayRegister(digestOf(app.name, foldCase(body.account)))) return sendProblem(reply, 'rate-limited');
      const key = request.headers['idempotency-key'];
      const work = () => register(app, body, tokens);
      if (key === undefined) return work();
      const { account, token, secondToken = '', device = '', secret = false } = body;
      const bodyDigest = digestOf(account, token, secondToken, device, String(secret));
      const answer = await replays.get(app.name)?.(key, bodyDigest, work);
      return answer === 'reused' ? sendProblem(reply, 'idempotency-key-reused') : answer;
    },
  });

  api.route<{ Querystring: { account: string } }>({
    method: 'GET',
    url: '/registrations',
    ...authorised,
    schema: {
      operationId: 'list',
      summary: `The registrations of an account, the latest first, at most ${LIST_MAX}`,
      security,
      querystring: accountQuery,
      response: answersOf({
        200: { description: 'Empty if the account has no registration.', $ref: 'RegistrationList#' },
      }),
    },
    async handler(request) {
      const found = await registry.list({ app: callerOf(request).name, account: request.query.account }, LIST_MAX);
      return { registrations: found.map(describeRegistration) };
    },
  });

  api.route<{ Params: { node: string } }>({
    method: 'GET',
    url: '/registrations/:node',
    ...authorised,
    schema: {
      operationId: 'read',
      summary: 'The state of a registration, without its tokens and its secret',
      security,
      params: nodeParams,
      response: answersOf({ 200: { description: 'The registration.', $ref: 'Registration#' } }, 'no-such-registration'),
    },
    async handler(request, reply) {
      const found = await registry.find(request.params.node);
      if (found?.app !== callerOf(request).name) return sendProblem(reply, 'no-such-registration');
      return describeRegistration(found);
    },
  });

  api.route<{ Params: { node: string } }>({
    method: 'DELETE',
    url: '/registrations/:node',
    ...authorised,
    schema: {
      operationId: 'unregister',
      summary: 'Removes a registration; XMPP servers that still publish to it are told to stop',
      security,
      params: nodeParams,
      response: answersOf(
        { 204: { type: 'null', description: 'The registration is removed, durably.' } },
        'no-such-registration',
      ),
    },
    async handler(request, reply) {
      const found = await registry.find(request.params.node);
      if (found?.app !== callerOf(request).name) return sendProblem(reply, 'no-such-registration');
      const removed = await registry.remove(found.node, found.registeredAtMs, 'unregistered');
      return removed ? reply.code(204).send() : sendProblem(reply, 'no-such-registration');
    },
  });
}

interface DeviceTokens {
  readonly token: string;
  readonly secondToken?: string;
}

/** Checks what the schema cannot: tokens belong to the app's provider, and the account is in NFKC. */
function readDevice({ provider, takesSecondToken }: ApiApp, body: RegistrationBody): DeviceTokens | FieldError {
  const wrong = (pointer: string, detail: string): FieldError => ({ in: 'body', pointer, detail });
  // RFC 8265 allows no other characters in accounts; with them an account could look like another one.
  if (body.account.normalize('NFKC') !== body.account) return wrong('/account', 'is not in Unicode form NFKC');
  const token = parseDeviceToken(provider, body.token);
  if (token === undefined) return wrong('/token', `is not a device token of ${provider}`);
  if (body.secondToken === undefined) return { token };
  if (!takesSecondToken) return wrong('/secondToken', `devices of ${provider} have no second token`);
  const secondToken = parseDeviceToken(provider, body.secondToken);
  return secondToken === undefined
    ? wrong('/secondToken', `is not a device token of ${provider}`)
    : { token, secondToken };
}

function describeRegistration(registration: Registration): object {
  const { node, account, device, token, convention, secret, secondToken, environment, registeredAtMs } = registration;
  return {
    node,
    ...(account !== '' && { account }),
    ...(device.toLowerCase() !== token.toLowerCase() && { device }),
    convention,
    hasSecret: secret !== undefined,
    hasSecondToken: secondToken !== undefined,
    ...(environment && { environment }),
    ...(registeredAtMs > 0 && { registeredAt: new Date(registeredAtMs).toISOString() }),
  };
}

function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}
