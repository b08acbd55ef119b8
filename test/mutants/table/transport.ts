import type { Mutant } from '../mutant.ts';

const inTransport = { file: 'providers/transport/transport.ts', tests: ['providers/transport/transport.test.ts'] };

const inConnection = { file: 'providers/transport/connection.ts', tests: ['providers/transport/h2.test.ts'] };

const inDispatcher = { file: 'providers/transport/dispatcher.ts', tests: ['providers/transport/transport.test.ts'] };

const inAssemble = {
  file: 'providers/assemble.ts',
  tests: ['providers/apns/results.test.ts', 'providers/fcm/results.test.ts'],
};

const inRetryAfter = { file: 'providers/transport/retry-after.ts', tests: ['providers/transport/retry-after.test.ts'] };

const inProxy = { file: 'providers/transport/proxy.ts', tests: ['providers/transport/proxy.test.ts'] };

/** The way to the providers: connections, deadlines, proxies. */
export const transport: readonly Mutant[] = [
  {
    ...inTransport,
    find: 'queue.size === 0 ? pick() : undefined',
    replace: 'pick()',
    breaks: 'New pushes take the places for which others wait, until those are too late.',
  },
  {
    ...inTransport,
    find: 'if (deadlineMs <= 0)',
    replace: 'if (deadlineMs < -1_000)',
    breaks: 'A push without time left is sent, answered too late and sent again.',
  },
  {
    ...inTransport,
    find: `      if (clock.monotonic() > job.latestMs) continue;
`,
    replace: '',
    breaks: 'A push is sent when its answer can only come too late, and then sent again.',
  },
  {
    ...inTransport,
    find: 'Math.min(limits.leastMs, deadlineMs / 2)',
    replace: 'limits.leastMs',
    breaks: 'A push that was given a fifth of a second is not sent at all.',
    tests: [
      'providers/transport/transport.test.ts',
      'providers/transport/transport.test.ts',
      'providers/transport/h2.test.ts',
      'providers/transport/h1.test.ts',
    ],
  },
  {
    ...inTransport,
    find: 'if (connection.isStale) retire(connection)',
    replace: 'if (false) retire(connection)',
    breaks: 'A connection whose pings were not answered is used, and its push is late.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: 'const growing = lively.some(({ isReady }) => !isReady)',
    replace: 'const growing = false',
    breaks: 'A burst at the start opens all connections at once.',
    tests: [
      'providers/transport/transport.test.ts',
      'providers/transport/h2.test.ts',
      'providers/transport/h1.test.ts',
    ],
  },
  {
    ...inTransport,
    find: 'lively.length >= connectionsLimit || connections.length >= 2 * connectionsLimit',
    replace: 'false',
    breaks: 'Ever more connections are opened, which Apple counts as an attack.',
  },
  {
    ...inTransport,
    find: `          if (isH2) retire(connection);
`,
    replace: '',
    breaks: 'Pushes go to connections that are over.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: `          if (!useful) noteFailure(reason);
`,
    replace: '',
    breaks: 'A provider that is away is connected to again without pause.',
  },
  {
    ...inTransport,
    find: 'if (failures < patientFailures ||',
    replace: 'if (false ||',
    breaks: 'A restart of the provider fails pushes that could wait for it.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: `        failures = 0;
`,
    replace: '',
    breaks: 'Pauses grow from one outage to the next.',
    tests: [
      'providers/transport/transport.test.ts',
      'providers/transport/h2.test.ts',
      'providers/transport/h1.test.ts',
    ],
  },
  {
    ...inTransport,
    find: 'if (provesAcceptance(result.status)) connection.accept()',
    replace: 'connection.accept()',
    breaks: 'A burst goes out on a connection whose credentials were refused.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: 'connection.signsOfLife === signsOfLife && connections.includes(connection)',
    replace: 'connections.includes(connection)',
    breaks: 'One push that hangs costs a healthy connection.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: `        noteFailure('connection');
`,
    replace: '',
    breaks: 'A path that went dark is connected to again without pause by each push.',
  },
  {
    ...inTransport,
    find: 'if (drained) return Promise.resolve',
    replace: 'if (false) return Promise.resolve',
    breaks: 'A drain takes new pushes and may never end.',
    tests: [
      'providers/transport/transport.test.ts',
      'providers/transport/h2.test.ts',
      'providers/transport/h1.test.ts',
    ],
  },
  {
    ...inTransport,
    find: `        if (jobs.size === 0) resolve();
`,
    replace: '',
    breaks: 'The drain of an idle transport never ends.',
  },
  {
    ...inTransport,
    find: 'const dueMs = pausedUntilMs > now ? pausedUntilMs : now + limits.silenceMs',
    replace: 'const dueMs = pausedUntilMs',
    breaks: 'Who waits behind a silent connection is sent with the next push only.',
    tests: ['providers/transport/h1.test.ts', 'providers/transport/h2.test.ts'],
  },
  {
    ...inTransport,
    find: 'return lively.length > 0 ? undefined : connections.find(({ hasRoom }) => hasRoom)',
    replace: 'return undefined',
    breaks: 'When all connections are silent nothing is sent any more.',
    tests: [
      'providers/transport/transport.test.ts',
      'providers/transport/h2.test.ts',
      'providers/transport/h1.test.ts',
    ],
  },
  {
    ...inConnection,
    find: 'staleAfterMs = 2.5 * pingEveryMs',
    replace: 'staleAfterMs = 250 * pingEveryMs',
    breaks: 'A connection whose pings were not answered is used, and its push is late.',
  },
  {
    ...inConnection,
    find: `code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'`,
    replace: 'code === undefined',
    breaks: 'An answer with an endless body loses its status.',
    tests: ['providers/transport/transport.test.ts'],
  },
  {
    ...inConnection,
    find: `code === 'UND_ERR_INVALID_ARG' ? 'invalid' : connectionFailureOf(error)`,
    replace: 'connectionFailureOf(error)',
    breaks: 'A request that cannot be written is tried again for ever.',
    tests: ['providers/transport/transport.test.ts'],
  },
  {
    ...inConnection,
    find: `if (leave()) controller?.abort(new Error('deadline'))`,
    replace: 'leave()',
    breaks: 'A push that was given up keeps its place at the peer.',
    tests: ['providers/transport/transport.test.ts'],
  },
  {
    ...inConnection,
    find: 'inFlight < (isAccepted ? window : 1) && stats().pending === 0',
    replace: 'inFlight < window',
    breaks: 'A burst goes out before the credentials were accepted, and Apple refuses all but one stream.',
  },
  {
    ...inConnection,
    find: `if (clock.monotonic() - waitingSinceMs <= silenceMs) return 'lively'`,
    replace: `return 'lively'`,
    breaks: 'A path that went dark is noticed at the deadline of each push only.',
    tests: ['providers/transport/h2.test.ts', 'providers/transport/h1.test.ts'],
  },
  {
    file: 'providers/transport/connection-failure.ts',
    find: 'case proxyRefusal:',
    replace: `case 'never':`,
    breaks: 'A proxy that says no looks like a provider that is away.',
    tests: ['providers/transport/proxy.test.ts'],
  },
  {
    ...inConnection,
    find: `        if (isRetired && inFlight === 0) close();
`,
    replace: '',
    breaks: 'A connection that was left stays open for ever.',
    tests: ['providers/transport/transport.test.ts'],
  },
  {
    ...inDispatcher,
    find: 'bodyLimit = 64 * 1024',
    replace: 'bodyLimit = 640 * 1024',
    breaks: 'Ten times as much of an answer is kept as is stated.',
  },
  {
    ...inDispatcher,
    find: `    maxResponseSize: bodyLimit,
`,
    replace: '',
    breaks: 'An endless answer fills the memory.',
  },
  {
    ...inDispatcher,
    find: 'keepAliveMs = 3_600_000',
    replace: 'keepAliveMs = 600_000',
    breaks: 'A connection to Apple is closed after ten idle minutes.',
  },
  {
    ...inDispatcher,
    find: `    keepAliveTimeout: keepAliveMs,
`,
    replace: '',
    breaks: 'Idle connections are closed after four seconds.',
    tests: ['providers/transport/h1.test.ts', 'providers/transport/transport.test.ts'],
  },
  {
    ...inDispatcher,
    find: `    keepAliveMaxTimeout: keepAliveMs,
`,
    replace: '',
    breaks: 'Idle connections to Google are closed after ten minutes.',
    tests: ['providers/transport/h1.test.ts'],
  },
  {
    ...inDispatcher,
    find: `[...getCACertificates('default'), ca]`,
    replace: '[ca]',
    breaks: `The system's authorities are no longer trusted where an app names one of its own.`,
  },
  {
    ...inDispatcher,
    find: 'pingInterval: pingEveryMs',
    replace: 'pingInterval: 0',
    breaks: 'NAT on the way forgets idle connections, and the next push is lost.',
  },
  {
    ...inDispatcher,
    find: `  if (!proxy) return connect;
`,
    replace: '',
    breaks: 'An exception of the proxy ends the process.',
    tests: ['providers/transport/proxy.test.ts'],
  },
  {
    ...inAssemble,
    find: 'Object.hasOwn(hints, reason) ? hints[reason] : hintForConnection(reason)',
    replace: 'hints[reason]',
    breaks: 'A reason named constructor is explained by a function.',
  },
  {
    ...inRetryAfter,
    find: 'Math.min(longestRetryAfterMs, ',
    replace: 'Math.min(Number.MAX_SAFE_INTEGER, ',
    breaks: 'A typing error of a gateway stops an app for years.',
  },
  {
    ...inRetryAfter,
    find: 'Number(value) * 1000',
    replace: 'Number(value)',
    breaks: 'A provider that asks for a minute is asked again after 60 ms.',
  },
  {
    ...inRetryAfter,
    find: 'Number.isNaN(saidAtMs) ? nowMs : saidAtMs',
    replace: 'nowMs',
    breaks: `A clock that differs from the provider's makes pauses wrong.`,
  },
  { ...inRetryAfter, find: 'Math.max(0, ms)', replace: 'ms', breaks: 'A date that is over makes a pause below zero.' },
  {
    ...inProxy,
    find: 'if (only !== undefined && Number(only) !== port) return false;',
    replace: '',
    breaks: 'An exception for one port is one for all.',
  },
  {
    ...inProxy,
    find: 'host === domain || host.endsWith(`.${domain}`)',
    replace: 'host.endsWith(domain)',
    breaks: 'An exception for example.org is one for badexample.org.',
  },
  {
    ...inProxy,
    find: 'isOpen && head.length === 0',
    replace: 'head.length === 0',
    breaks: `A proxy's refusal is taken for a tunnel.`,
  },
  {
    ...inProxy,
    find: 'decodeURIComponent(password)',
    replace: 'password',
    breaks: 'A password with an escaped letter is not accepted by the proxy.',
  },
  { ...inProxy, find: `if (exception === '*') return true;`, replace: '', breaks: 'NO_PROXY=* is not obeyed.' },
  {
    ...inTransport,
    find: 'for (const job of jobs) timeOut(job);',
    replace: 'for (const job of queue) timeOut(job);',
    breaks: 'What hangs at a provider when the process ends is answered with an error.',
  },
  {
    file: 'providers/fcm/client.ts',
    tests: ['providers/fcm/access-tokens.test.ts'],
    find: `      for (const end of waiting) end();
`,
    replace: '',
    breaks: 'What waits for an access token when the process ends is answered with an error.',
  },
];
