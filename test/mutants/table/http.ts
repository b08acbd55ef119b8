import type { Mutant } from '../mutant.ts';

const inRegistrationRoutes = { file: 'http/registration-routes.ts', tests: ['http/registrations.test.ts'] };

const inRegistrations = { file: 'http/registrations.ts', tests: ['http/registrations.test.ts'] };

const inBearer = { file: 'http/bearer.ts', tests: ['http/registrations.test.ts'] };

const inIdempotency = {
  file: 'http/idempotency.ts',
  tests: ['http/idempotency.test.ts', 'http/registrations.test.ts'],
};

const inRateLimit = { file: 'http/rate-limit.ts', tests: ['http/rate-limit.test.ts'] };

const inTokenBucket = {
  file: 'time/token-bucket.ts',
  tests: ['http/rate-limit.test.ts', 'delivery/rate-limits.test.ts'],
};

const inPublic = { file: 'http/public.ts', tests: ['http/public.test.ts'] };

const inPushAppserver = { file: 'http/push-appserver.ts', tests: ['http/push-appserver.test.ts'] };

const inListener = {
  file: 'http/listener.ts',
  tests: ['http/public.test.ts', 'http/registrations.test.ts', 'http/openapi.test.ts'],
};

const inConnectionLimits = {
  file: 'http/connection-limits.ts',
  tests: ['http/public.test.ts', 'http/registrations.test.ts', 'http/openapi.test.ts'],
};

const inRequestErrors = { file: 'http/request-errors.ts', tests: ['http/registrations.test.ts'] };

/** The HTTP APIs, their limits and what they tell. */
export const http: readonly Mutant[] = [
  {
    ...inRegistrationRoutes,
    find: `if (found?.app !== callerOf(request).name) return sendProblem(reply, 'no-such-registration');
      return describeRegistration(found)`,
    replace: 'return describeRegistration(found as Registration)',
    breaks: `One app's token reads the registrations of another.`,
  },
  {
    ...inRegistrationRoutes,
    find: `if (found?.app !== callerOf(request).name) return sendProblem(reply, 'no-such-registration');
      const removed`,
    replace: `if (!found) return sendProblem(reply, 'no-such-registration');
      const removed`,
    breaks: `One app's token removes the registrations of another.`,
  },
  {
    ...inRegistrationRoutes,
    find: '{ app: callerOf(request).name, account: request.query.account }',
    replace: '{ account: request.query.account }',
    breaks: `One app's token lists the registrations of another.`,
  },
  {
    ...inRegistrationRoutes,
    find: `if (!options.callerOf(request)) await sendProblem(reply, 'unauthorized')`,
    replace: 'return',
    breaks: 'Requests without a token reach the routes.',
  },
  {
    ...inRegistrationRoutes,
    find: 'device.toLowerCase() !== token.toLowerCase() && { device }',
    replace: '{ device }',
    breaks: 'The state of a registration shows the device token.',
  },
  {
    ...inRegistrationRoutes,
    find: 'if (!accountMayRegister(',
    replace: 'if (false && !accountMayRegister(',
    breaks: 'One client of a vendor can make its backend register without end.',
  },
  {
    ...inRegistrationRoutes,
    find: `body.account.normalize('NFKC') !== body.account`,
    replace: 'false',
    breaks: 'Two accounts that look the same are two.',
  },
  {
    ...inRegistrationRoutes,
    find: 'if (!takesSecondToken) return wrong',
    replace: 'if (false) return wrong',
    breaks: 'A PushKit token is taken for a device of FCM, and calls go there.',
  },
  {
    ...inRegistrationRoutes,
    find: `    bodyLimit: MAX_BODY_BYTES,
`,
    replace: '',
    breaks: 'Bodies of the registration API are bound by the listener alone, which is less than is stated.',
  },
  {
    ...inRegistrationRoutes,
    find: 'return removed ? reply.code(204).send()',
    replace: 'return true ? reply.code(204).send()',
    breaks: 'Who removes what was removed meanwhile hears that it did so.',
  },
  {
    ...inRegistrationRoutes,
    find: `if ('pointer' in tokens) return sendProblem(reply, 'invalid-request', [tokens]);`,
    replace: '',
    breaks: 'A token that is none is registered.',
  },
  {
    ...inRegistrationRoutes,
    find: 'device: body.device ?? tokens.token',
    replace: 'device: tokens.token',
    breaks: 'A device that registers with a new token gets another node.',
  },
  {
    ...inRegistrationRoutes,
    find: 'convention: http.name',
    replace: `convention: 'tigase'`,
    breaks: 'What was registered over HTTP is taken for a registration of the tigase convention.',
  },
  {
    ...inRegistrationRoutes,
    find: `answer === 'reused' ? sendProblem(reply, 'idempotency-key-reused') : answer`,
    replace: 'answer',
    breaks: 'A reused idempotency key is answered with a word in place of a problem.',
  },
  {
    ...inRegistrations,
    find: 'app ? appMayAsk(app.name) : strangerMayAsk(callerOf(request))',
    replace: 'app ? true : strangerMayAsk(callerOf(request))',
    breaks: `A vendor's backend in a loop takes the disk from notifications.`,
  },
  {
    ...inRegistrations,
    find: 'app ? appMayAsk(app.name) : strangerMayAsk(callerOf(request))',
    replace: 'app ? appMayAsk(app.name) : true',
    breaks: 'Tokens of apps can be tried without limit.',
  },
  {
    ...inRegistrations,
    find: 'app ? appMayAsk(app.name) : strangerMayAsk(callerOf(request))',
    replace: 'strangerMayAsk(callerOf(request))',
    breaks: `A vendor's backend is limited like a stranger.`,
  },
  {
    ...inRegistrations,
    find: `if (status === 413) return sendProblem(reply, 'too-large');`,
    replace: '',
    breaks: 'A body that is too large is called malformed.',
  },
  {
    ...inRegistrations,
    find: 'if (options.apps.length > 0)',
    replace: 'if (options.apps.length >= 0)',
    breaks: 'Without an app that wants it, the API still answers.',
  },
  {
    ...inBearer,
    find: 'if (isSameSecret(app.token.reveal(), token)) found = app',
    replace: 'if (token.length > 0) found = app',
    breaks: 'Any token speaks for the last app.',
  },
  {
    ...inIdempotency,
    find: `if (earlier.bodyDigest !== bodyDigest) return 'reused';`,
    replace: '',
    breaks: `A key with another body is answered with somebody else's registration.`,
  },
  {
    ...inIdempotency,
    find: 'if (atMs > oldest && kept.size <= room) break',
    replace: 'if (kept.size <= room) break',
    breaks: 'An answer is repeated for ever.',
  },
  {
    ...inIdempotency,
    find: 'if (atMs > oldest && kept.size <= room) break',
    replace: 'if (atMs > oldest) break',
    breaks: 'Keys fill the memory.',
  },
  {
    ...inIdempotency,
    find: 'if (kept.get(key) === entry) kept.delete(key);',
    replace: '',
    breaks: 'A failure of the store is repeated for ten minutes.',
  },
  {
    ...inRateLimit,
    find: '.slice(0, 4)',
    replace: '.slice(0, 8)',
    breaks: 'Whoever has a /64 of IPv6 addresses is not limited.',
  },
  {
    ...inRateLimit,
    find: `  if (mapped !== undefined) return mapped;
`,
    replace: '',
    breaks: 'All of IPv4 behind a dual-stack socket is one address.',
  },
  {
    ...inRateLimit,
    find: 'const zeros = tail === undefined ? 0 : 8 - before.length - after.length',
    replace: 'const zeros = 0',
    breaks: 'Two ways to write one IPv6 address are two addresses.',
  },
  {
    ...inRateLimit,
    find: 'Number.parseInt(group, 16).toString(16)',
    replace: 'group',
    breaks: 'Letters of another case make another address.',
  },
  {
    ...inTokenBucket,
    find: 'Math.min(burst, bucket',
    replace: 'Math.max(burst, bucket',
    breaks: 'Nobody is ever limited.',
  },
  {
    ...inTokenBucket,
    find: 'tokens >= 1 ? tokens - 1 : tokens',
    replace: 'tokens',
    breaks: 'What was taken is still there.',
  },
  {
    ...inTokenBucket,
    find: '}>(limit);',
    replace: '}>(10 * limit);',
    breaks: 'Addresses fill the memory.',
  },
  {
    ...inTokenBucket,
    find: '((1 - tokens) / perSecond) * 1_000',
    replace: '1_000',
    breaks: 'Who has to wait is told a wrong time.',
  },
  {
    ...inTokenBucket,
    find: 'buckets.get(key)',
    replace: 'buckets.peek(key)',
    breaks: 'The busiest address is forgotten first and starts anew.',
  },
  {
    ...inPublic,
    find: 'if (mayAsk(callerOf(request))) return;',
    replace: 'return;',
    breaks: 'Unregistering over HTTP is not limited, and each costs the disk a sync.',
  },
  {
    ...inPublic,
    find: `isOurs ? await run(request.body) : 'failure'`,
    replace: 'await run(request.body)',
    breaks: 'A request for another service unregisters here.',
  },
  {
    ...inPublic,
    find: 'reply.code(isOurs ? 200 : 404)',
    replace: 'reply.code(200)',
    breaks: 'A JID that is not ours is answered like one of ours.',
  },
  {
    ...inPublic,
    find: 'foldCase(request.params.jid)',
    replace: 'request.params.jid',
    breaks: 'A client that writes our domain in other letters cannot remove its account.',
  },
  {
    ...inPublic,
    find: `'cannot unregister a device');
      return 'failure'`,
    replace: `'cannot unregister a device');
      return 'success'`,
    breaks: 'A device whose removal failed is called removed.',
  },
  {
    ...inPublic,
    find: `if (!parsed.success) return 'failure'`,
    replace: `if (!parsed.success) return 'success'`,
    breaks: 'A request that names no device is called a success.',
  },
  {
    ...inPublic,
    find: 'maxBodyBytes: 4_096',
    replace: 'maxBodyBytes: 40_960',
    breaks: 'Bodies are ten times as large as is stated.',
  },
  {
    ...inPublic,
    find: `    scope.post('/rest/push/unregister-device/:jid', handle);
`,
    replace: '',
    breaks: `Siskin's second try finds nothing.`,
  },
  {
    ...inPublic,
    find: `      count('limited');
`,
    replace: '',
    breaks: 'Nobody sees how many requests were limited.',
  },
  {
    ...inPushAppserver,
    find: 'isOf(registration, v1) && options.apps.some',
    replace: 'options.apps.some',
    breaks: 'A node of another convention can be read and removed by the form API.',
  },
  {
    ...inPushAppserver,
    find: ' || !isSameSecret(found.secret, secret)',
    replace: '',
    breaks: 'Whoever knows a node can push to it.',
  },
  {
    ...inPushAppserver,
    find: 'named?.app === app.name && named.token === device.token',
    replace: 'named?.app === app.name',
    breaks: 'Whoever knows a node hears its secret.',
  },
  {
    ...inPushAppserver,
    find: 'if (found?.app !== app.name) return unknown',
    replace: 'if (!found) return unknown',
    breaks: 'A node of one app is removed with the type of another.',
  },
  {
    ...inPushAppserver,
    find: `answer === 'result' ? ok(node) : failed(answer)`,
    replace: 'ok(node)',
    breaks: 'A push that failed is called sent.',
  },
  {
    ...inPushAppserver,
    find: 'form.size === fields.length ? form : undefined',
    replace: 'form',
    breaks: 'Of two fields with one name the last counts, whatever a proxy checked.',
  },
  {
    ...inPushAppserver,
    find: 'if (mayAsk(callerOf(request))) return;',
    replace: 'return;',
    breaks: 'Registering by form is not limited.',
  },
  {
    ...inPushAppserver,
    find: 'return more.length === 0 ? only : undefined',
    replace: 'return only',
    breaks: 'With two apps of one provider a device goes to either.',
  },
  {
    ...inPushAppserver,
    find: 'const [only, ...more] = named.length > 0 ? named : candidates',
    replace: 'const [only, ...more] = candidates',
    breaks: 'The address of the request chooses no app.',
  },
  {
    ...inPushAppserver,
    find: 'withSecret: true',
    replace: 'withSecret: false',
    breaks: 'A registration by form has no secret, so nobody can push to it.',
  },
  {
    ...inPushAppserver,
    find: `      device: nameDeviceByToken(device.id, device.token),
      token`,
    replace: `      device: device.id,
      token`,
    breaks: `Whoever knows a device's id takes its registration over.`,
  },
  {
    ...inPushAppserver,
    find: `if (!DEVICE_ID.test(id)) return { wrong: 'node' }`,
    replace: '',
    breaks: 'A device is named by white space or ten kilobytes.',
  },
  {
    ...inPushAppserver,
    find: `const hideSettings = (_: FastifyRequest, reply: FastifyReply) =>
    reply.code(403)`,
    replace: `const hideSettings = (_: FastifyRequest, reply: FastifyReply) =>
    reply.code(200)`,
    breaks: 'The page of settings looks as if it were there.',
  },
  {
    ...inPushAppserver,
    find: `statusCode >= 500 ? [503, 'Try again later']`,
    replace: `false ? [503, 'Try again later']`,
    breaks: 'A store that fails looks like a bad request.',
  },
  {
    ...inListener,
    find: `    maxHeaderSize: MAX_HEADER_BYTES,
`,
    replace: '',
    breaks: 'Headers of 16 KB are taken.',
  },
  {
    ...inListener,
    find: `    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.requestTimeoutMs,
`,
    replace: '',
    breaks: 'A client that sends byte by byte keeps its socket for minutes.',
  },
  {
    ...inListener,
    find: '() => app.server.closeAllConnections()',
    replace: '() => {}',
    breaks: 'A client that does not go on holds up the restart.',
  },
  {
    ...inListener,
    find: 'coerceTypes: false',
    replace: 'coerceTypes: true',
    breaks: 'A number is taken for a text in the registration API.',
  },
  {
    ...inListener,
    find: 'removeAdditional: false',
    replace: 'removeAdditional: true',
    breaks: 'A mistyped field of a request is dropped in silence.',
  },
  {
    ...inListener,
    find: `'x-content-type-options': 'nosniff'`,
    replace: `'x-nothing': 'x'`,
    breaks: 'Browsers guess the type of an answer.',
  },
  {
    ...inListener,
    find: `'cache-control': 'no-store'`,
    replace: `'x-nothing': 'x'`,
    breaks: 'A proxy keeps an answer with a secret.',
  },
  {
    ...inListener,
    find: `trustProxy: (entry) => isTrustedProxy(readAddress(entry) ?? '')`,
    replace: 'trustProxy: true',
    breaks: 'Anybody evades the rate limit with X-Forwarded-For.',
  },
  {
    ...inConnectionLimits,
    find: `  server.maxConnections = limits.maxConnections;
`,
    replace: '',
    breaks: 'Sockets are not bounded.',
  },
  {
    ...inRequestErrors,
    find: `pointer: instancePath, detail: 'has an unknown field'`,
    replace: `pointer: \`\${instancePath}/\${String(params['additionalProperty'])}\`, detail: 'has an unknown field'`,
    breaks: 'The name of an unknown field, which may be a token, is said again.',
  },
];
