// OpenAPI 3.1: the document of the registration API, made from the schemas that its routes use.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { isProblemName, problems, problemType, sendProblem } from './problems.ts';
import { problemAnswers } from './registration-schemas.ts';

/** Adds the document, and a page for each problem type. To be called before the routes that the document describes. */
export function describeApi(api: FastifyInstance, version: string): void {
  void api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sealpost registrations',
        version,
        description:
          'Registers devices of your own app for push notifications over XMPP (XEP-0357). The bearer token of a request ' +
          'names the app; an app sees and removes its own registrations alone. Problems are those of RFC 9457.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          appToken: { type: 'http', scheme: 'bearer', description: 'apps.NAME.api.token of the config.' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (typeof json.$id === 'string' ? json.$id : `schema-${i}`),
    },
  });

  void api.register((scope, _, done) => {
    scope.route({
      method: 'GET',
      url: '/openapi.json',
      exposeHeadRoute: false,
      schema: {
        operationId: 'document',
        summary: 'This document',
        security: [],
        response: {
          200: { type: 'object', additionalProperties: true, description: 'OpenAPI 3.1.' },
          ...problemAnswers('rate-limited'),
        },
      },
      handler: () => api.swagger(),
    });

    scope.route<{ Params: { name: string } }>({
      method: 'GET',
      url: '/problems/:name',
      exposeHeadRoute: false,
      schema: {
        operationId: 'problem',
        summary: 'What a type of problem means',
        security: [],
        params: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string', description: `One of ${Object.keys(problems).join(', ')}.` } },
        },
        response: {
          200: { description: 'The problem as it is sent, without errors.', $ref: 'Problem#' },
          ...problemAnswers('no-such-path', 'rate-limited'),
        },
      },
      handler(request, reply) {
        const { name } = request.params;
        if (!isProblemName(name)) return sendProblem(reply, 'no-such-path');
        const { status, title, advice } = problems[name];
        return { type: problemType(name), title, status, detail: advice };
      },
    });
    done();
  });
}
