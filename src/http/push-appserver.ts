// The HTTP form API of Prosody's mod_push_appserver, for clients and servers that use it: `/push_appserver/v1/…` takes
// application/x-www-form-urlencoded and answers with lines of text.
//
// In mod_push_appserver, whoever registers a known id gets its secret. Here the client's id and token together name a
// registration. Whoever sends both gets its node and secret again; whoever sends only the id, with another token, gets
// a new registration, and the first one stays. Registrations are never updated, so none can be hijacked; a device with
// a new token gets a new registration and reads its node from the answer. The id alone does not unregister a device:
// the node from the answer does, or id and token.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '../core/answers.ts';
import type { Clock } from '../time/clock.ts';
import { nameDeviceByToken, v1 } from '../conventions/v1.ts';
import { parseDeviceToken } from '../providers/all.ts';
import { isOf, serves } from '../conventions/convention.ts';
import { domainOf } from '../core/jid.ts';
import { isSameSecret } from '../core/secret.ts';
import type { App } from '../core/app.ts';
import type { Notification } from '../core/notification.ts';
import { type Registration, TooManyRegistrations } from '../core/registration.ts';
import type { Registry } from '../store/registry/contract.ts';
import { errorCode } from '../telemetry/error-code.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { callerOf } from './caller.ts';
import { createRateLimit } from './rate-limit.ts';

export interface PushAppserverOptions {
  /**
   * The API serves those with the convention v1. As with the commands over XMPP, a `type` selects the app of that
   * provider that has the request's host among its ids, or else the only one.
   */
  readonly apps: readonly ServedApp[];
  readonly registry: Pick<Registry, 'register' | 'find' | 'list' | 'remove'>;
  readonly deliver: (notification: Notification) => Promise<Answer>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type ServedApp = Pick<App, 'name' | 'provider' | 'ids' | 'conventions'>;

/** As in mod_push_appserver. */
const MAX_BODY_BYTES = 4_096;
/** Per address: a phone registers rarely, but many phones may share one. */
const rateLimits = { burst: 30, perSecond: 1, maxAddresses: 10_000 };
/** Ids are chosen by clients: UUIDs, hashes. */
const DEVICE_ID = /^[\x21-\x7e]{1,255}$/;

type Form = ReadonlyMap<string, string>;
/** Key for the host of the request; no form field can have this name. */
const HOST = '';

/** Answer of a route: lines of text, or the name of a wrong field. */
type FormAnswer = { readonly lines: readonly string[] } | { readonly wrong: string };

const ok = (...lines: string[]): FormAnswer => ({ lines: ['OK', ...lines] });
const failed = (reason: string): FormAnswer => ({ lines: ['ERROR', reason] });
const wrong = (field: string): FormAnswer => ({ wrong: field });
const unknown = failed('Node not found!');

/** Adds the routes below `/push_appserver/v1`, if an app has the convention. */
export function addPushAppserver(scope: FastifyInstance, options: PushAppserverOptions): void {
  const apps = options.apps.filter((app) => serves(app, v1));
  if (apps.length === 0) return;
  void scope.register((api, _, done) => (addApi(api, { ...options, apps }), done()), { prefix: '/push_appserver/v1' });
}

function addApi(api: FastifyInstance, options: PushAppserverOptions): void {
  const { registry, deliver, clock, log, metrics } = options;
  const mayAsk = createRateLimit({ clock, ...rateLimits });
  const byProvider = Map.groupBy(options.apps, (app) => app.provider);
  const appOf = (form: Form): ServedApp | undefined => {
    const candidates = byProvider.get(form.get('type') ?? '') ?? [];
    const named = candidates.filter(({ ids }) => ids.includes(form.get(HOST) ?? ''));
    const [only, ...more] = named.length > 0 ? named : candidates;
    return more.length === 0 ? only : undefined;
  };
  const isServed = (registration: Registration) =>
    isOf(registration, v1) && options.apps.some(({ name }) => name === registration.app);

  /** The registration whose node the form carries. */
  async function find(form: Form): Promise<Registration | undefined> {
    const found = await registry.find(form.get('node') ?? '');
    return found && isServed(found) ? found : undefined;
  }

  async function register(form: Form): Promise<FormAnswer> {
    const app = appOf(form);
    if (!app) return wrong('type');
    const device = readDevice(app, form);
    if ('wrong' in device) return device;
    // A client may send the node of an answer in place of its id, which only counts with the right token.
    const named = await find(form);
    if (named?.app === app.name && named.token === device.token) return ok(named.node, named.secret ?? '');
    const { node, secret = '' } = await registry.register({
      app: app.name,
      convention: v1.name,
      account: '',
      device: nameDeviceByToken(device.id, device.token),
      token: device.token,
      withSecret: true,
    });
    return ok(node, secret);
  }

  async function unregister(form: Form): Promise<FormAnswer> {
    const app = appOf(form);
    if (!app) return wrong('type');
    if (!form.get('node')) return wrong('node');
    const found = (await find(form)) ?? (await findByDevice(app, form));
    if (found?.app !== app.name) return unknown;
    const removed = await registry.remove(found.node, found.registeredAtMs, 'unregistered');
    return removed ? ok(found.node, found.secret ?? '') : unknown;
  }

  async function findByDevice(app: ServedApp, form: Form): Promise<Registration | undefined> {
    const device = readDevice(app, form);
    if ('wrong' in device) return undefined;
    const [found] = await registry.list(
      { app: app.name, account: '', device: nameDeviceByToken(device.id, device.token) },
      1,
    );
    return found;
  }

  async function push(form: Form): Promise<FormAnswer> {
    const node = form.get('node');
    const secret = form.get('secret');
    if (!node) return wrong('node');
    if (!secret) return wrong('secret');
    const found = await find(form);
    // The same answer for both, so that callers cannot find out which nodes exist.
    if (found?.secret === undefined || !isSameSecret(found.secret, secret)) return failed('Unknown node or secret');
    const publisher = domainOf(found.account) || 'localhost';
    const answer = await deliver({ node, publisher, content: { kind: 'summary' }, secret });
    return answer === 'result' ? ok(node) : failed(answer);
  }

  // Callers send forms, whatever their header says.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'string' }, (_, text, done) => done(null, text));
  api.addHook('onRequest', async (request, reply) => {
    if (mayAsk(callerOf(request))) return;
    await reply.code(429).type('text/plain').header('retry-after', '1').send('ERROR\nToo many requests');
  });
  api.addHook('onResponse', async (request, reply) => {
    const operation = request.routeOptions.url?.split('/')[3] ?? '-';
    metrics.apiRequests.inc({ app: '-', operation: `v1-${operation}`, answer: String(reply.statusCode) });
  });
  api.setErrorHandler((error, _, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 500 && !(error instanceof TooManyRegistrations)) {
      log.error({ reason: errorCode(error) }, 'cannot answer a request to the form API');
    }
    const [status, reason] = statusCode >= 500 ? [503, 'Try again later'] : [400, 'Bad request'];
    return reply.code(status).type('text/plain').send(`ERROR\n${reason}`);
  });

  for (const [name, answer] of Object.entries({ register, unregister, push })) {
    api.post(`/${name}`, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      const form = readForm(request.body, request.hostname);
      const answered = form ? await answer(form) : wrong('the form');
      reply.type('text/plain; charset=utf-8');
      if ('lines' in answered) return answered.lines.join('\n');
      return reply.code(400).send(`ERROR\nMissing or wrong: ${answered.wrong}`);
    });
  }
  api.get('/health', (_, reply) =>
    reply.type('text/html; charset=utf-8').send('<!doctype html>\n<title>Sealpost</title>\n<p>RUNNING</p>\n'),
  );
  const hideSettings = (_: FastifyRequest, reply: FastifyReply) =>
    reply.code(403).type('text/plain').send('ERROR\nForbidden');
  api.get('/settings', hideSettings);
  api.get('/settings/:node', hideSettings);
}

/** Undefined if a field occurs twice, since it is unclear which one counts. */
function readForm(body: unknown, host: string): Form | undefined {
  const fields: [string, string][] = [...new URLSearchParams(typeof body === 'string' ? body : ''), [HOST, host]];
  const form = new Map(fields);
  return form.size === fields.length ? form : undefined;
}

function readDevice(
  app: Pick<App, 'provider'>,
  form: Form,
): { readonly id: string; readonly token: string } | { readonly wrong: string } {
  const id = form.get('node') ?? '';
  if (!DEVICE_ID.test(id)) return { wrong: 'node' };
  const token = parseDeviceToken(app.provider, form.get('token') ?? '');
  return token === undefined ? { wrong: 'token' } : { id, token };
}
