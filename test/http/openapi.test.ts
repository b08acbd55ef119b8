import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { fastify, type FastifyInstance, type RouteOptions } from 'fastify';
import { problems } from '../../src/http/problems.ts';
import { sharedSchemas } from '../../src/http/registration-schemas.ts';
import { addRegistrations } from '../../src/http/registrations.ts';
import { apiApps, apnsToken, startPublic, tokens } from './world.ts';

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function fetchDocument(url: string): Promise<Document> {
  const response = await fetch(`${url}/v1/openapi.json`);
  assert.equal(response.status, 200);
  return (await response.json()) as Document;
}

/** Operations by method and path, such as `GET /v1/registrations/{node}`. */
function operationsOf({ paths }: Document): Map<string, Operation> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );
}

/** What fastify was given, independent of the document. */
async function collectRoutes(): Promise<{ routes: RouteOptions[]; app: FastifyInstance }> {
  const app = fastify();
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  addRegistrations(app, { apps: apiApps, domains: [], version: '1' } as never);
  await app.ready();
  return { routes, app };
}

const pathOf = ({ method, url }: RouteOptions) => `${String(method)} ${url.replace(/:(\w+)/g, '{$1}')}`;

test('OpenAPI - the document is valid OpenAPI 3.1', async (t) => {
  const { url } = await startPublic(t);
  const validator = new Validator();
  const result = await validator.validate((await fetchDocument(url)) as never);
  assert.deepEqual(result.errors ?? [], []);
  assert.equal(validator.version, '3.1');
});

test('OpenAPI - every route is in the document, and nothing else', async (t) => {
  const { url } = await startPublic(t);
  const { routes, app } = await collectRoutes();
  t.after(() => app.close());
  const documented = operationsOf(await fetchDocument(url));
  assert.deepEqual(routes.map(pathOf).toSorted(), [...documented.keys()].toSorted());
  assert.equal(new Set([...documented.values()].map(({ operationId }) => operationId)).size, documented.size);
});

test('OpenAPI - schemas of routes and of the document are the same, both ways', async (t) => {
  const { url } = await startPublic(t);
  const { routes, app } = await collectRoutes();
  t.after(() => app.close());
  const document = await fetchDocument(url);
  const documented = operationsOf(document);
  for (const route of routes) {
    const operation = documented.get(pathOf(route));
    const schema = route.schema as Record<string, { properties?: object; required?: string[]; $ref?: string }>;
    assert.ok(operation);
    assert.deepEqual(Object.keys(operation.responses).toSorted(), Object.keys(schema['response'] ?? {}).toSorted());
    const parts = { path: 'params', query: 'querystring', header: 'headers' };
    const expected = Object.entries(parts).flatMap(([where, part]) =>
      Object.keys(schema[part]?.properties ?? {}).map((name) => [
        where,
        name,
        schema[part]?.required?.includes(name) ?? false,
      ]),
    );
    const parameters = (operation.parameters ?? []).map(({ in: where, name, required = false }) => [
      where,
      name,
      required,
    ]);
    assert.deepEqual(new Set(parameters.map(String)), new Set(expected.map(String)), operation.operationId);
    const body = operation.requestBody?.content['application/json']?.schema;
    assert.deepEqual(body, schema['body'] && { $ref: '#/components/schemas/RegistrationRequest' });
  }
  const plain = sharedSchemas.map(({ $id, ...schema }) => [$id, relink(schema)] as const);
  assert.deepEqual(titleless(document.components.schemas), Object.fromEntries(plain));
});

/** Fastify names a shared schema `Name#`, OpenAPI by its place. */
function relink(schema: object): unknown {
  return JSON.parse(
    JSON.stringify(schema).replace(/"\$ref":"(\w+)#"/g, (_, name) => `"$ref":"#/components/schemas/${name}"`),
  );
}

/** @fastify/swagger adds the name of each schema as its title. */
function titleless(schemas: Readonly<Record<string, object>>): object {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { title, $id: _, ...rest } = schema as { title?: string; $id?: string };
      if (title !== undefined) assert.equal(title, name);
      return [name, rest];
    }),
  );
}

function authorised(init: RequestInit = {}): RequestInit {
  return { ...init, headers: { authorization: `Bearer ${tokens.siskin}`, ...(init.headers as object) } };
}

async function meetEveryAnswer(t: TestContext, see: (operation: string, response: Response) => Promise<void>) {
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ account: 'romeo@example.net', token: apnsToken, secret: true, device: 'phone' });
  const post = (init: RequestInit = {}): RequestInit =>
    authorised({ method: 'POST', body, ...init, headers: { ...json, ...(init.headers as object) } });
  const first = await startPublic(t);
  const ask =
    (world: { url: string }) =>
    async (operation: string, path: string, init: RequestInit = {}) => {
      const response = await fetch(`${world.url}${path}`, init);
      const copy = response.clone();
      await see(operation, response);
      return copy;
    };
  const one = ask(first);
  const register = 'POST /v1/registrations';
  const { node } = (await (await one(register, '/v1/registrations', post())).json()) as { node: string };
  await one(register, '/v1/registrations', post({ body: '{}' }));
  await one(register, '/v1/registrations', { method: 'POST', body, headers: json });
  await one(register, '/v1/registrations', post({ body: body.padEnd(20_000) }));
  await one(register, '/v1/registrations', post({ headers: { 'content-type': 'text/plain' } }));
  await one(register, '/v1/registrations', post({ headers: { 'idempotency-key': 'k' } }));
  await one(
    register,
    '/v1/registrations',
    post({ headers: { 'idempotency-key': 'k' }, body: body.replace('phone', 'b') }),
  );
  const list = 'GET /v1/registrations';
  await one(list, '/v1/registrations?account=romeo%40example.net', authorised());
  await one(list, '/v1/registrations', authorised());
  await one(list, '/v1/registrations?account=romeo%40example.net');
  for (const method of ['GET', 'DELETE']) {
    const operation = `${method} /v1/registrations/{node}`;
    await one(operation, `/v1/registrations/${node}`, authorised({ method }));
    await one(operation, '/v1/registrations/unknown', authorised({ method }));
    await one(operation, '/v1/registrations/', authorised({ method }));
    await one(operation, '/v1/registrations/unknown', { method });
  }
  await one('GET /v1/openapi.json', '/v1/openapi.json');
  await one('GET /v1/problems/{name}', '/v1/problems/unauthorized');
  await one('GET /v1/problems/{name}', '/v1/problems/nothing');

  const failure = () => Promise.reject(new Error('no store'));
  const broken = ask(await startPublic(t, { failing: () => ({ register: failure, list: failure, find: failure }) }));
  await broken(register, '/v1/registrations', post());
  await broken(list, '/v1/registrations?account=romeo%40example.net', authorised());
  await broken('GET /v1/registrations/{node}', '/v1/registrations/x', authorised());
  await broken('DELETE /v1/registrations/{node}', '/v1/registrations/x', authorised({ method: 'DELETE' }));

  const tired = await startPublic(t);
  for (let i = 0; i < 30; i++) await (await fetch(`${tired.url}/v1/openapi.json`)).arrayBuffer();
  for (let i = 0; i < 1_000; i++) await (await fetch(`${tired.url}/v1/registrations/x`, authorised())).arrayBuffer();
  const late = ask(tired);
  await late('GET /v1/openapi.json', '/v1/openapi.json');
  await late('GET /v1/problems/{name}', '/v1/problems/unauthorized');
  await late(register, '/v1/registrations', post());
  await late(list, '/v1/registrations?account=romeo%40example.net', authorised());
  await late('GET /v1/registrations/{node}', '/v1/registrations/x', authorised());
  await late('DELETE /v1/registrations/{node}', '/v1/registrations/x', authorised({ method: 'DELETE' }));
}

test('OpenAPI - real answers match the document, and each documented answer occurs', async (t) => {
  const { url } = await startPublic(t);
  const document = await fetchDocument(url);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  const operations = operationsOf(document);
  const met = new Set<string>();
  await meetEveryAnswer(t, async (name, response) => {
    const answer = operations.get(name)?.responses[String(response.status)];
    const text = await response.text();
    assert.ok(answer, `${name} answers ${response.status}, which is not in the document: ${text}`);
    met.add(`${name} ${response.status}`);
    const types = Object.keys(answer.content ?? {});
    if (types.length === 0) return assert.equal(text, '');
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
    assert.deepEqual(types, [type], name);
    const pointer = [
      'paths',
      name.split(' ')[1],
      name.split(' ')[0]?.toLowerCase(),
      'responses',
      response.status,
      'content',
      type,
      'schema',
    ];
    const path = pointer.map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')));
    const check = ajv.compile({ $ref: `document#/${path.join('/')}` });
    assert.ok(check(JSON.parse(text)), `${name} ${response.status}: ${ajv.errorsText(check.errors)} in ${text}`);
  });
  const named = [...operations].flatMap(([name, { responses }]) =>
    Object.keys(responses).map((status) => `${name} ${status}`),
  );
  assert.deepEqual([...met].toSorted(), named.toSorted());
});

test('OpenAPI - every problem of the table has a page at its type', async (t) => {
  const { url } = await startPublic(t);
  for (const [name, { status, title }] of Object.entries(problems)) {
    const answer = (await (await fetch(`${url}/v1/problems/${name}`)).json()) as { type: string };
    assert.partialDeepStrictEqual(answer, { type: `/v1/problems/${name}`, status, title });
  }
});
