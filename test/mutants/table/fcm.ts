import type { Mutant } from '../mutant.ts';

const inClient = {
  file: 'providers/fcm/client.ts',
  tests: ['providers/fcm/results.test.ts', 'providers/fcm/client.test.ts', 'providers/fcm/access-tokens.test.ts'],
};

const inResults = { file: 'providers/fcm/results.ts', tests: ['providers/fcm/results.test.ts'] };

const inProvidersResults = {
  file: 'providers/results.ts',
  tests: ['providers/apns/results.test.ts', 'providers/fcm/results.test.ts'],
};

const inPayload = { file: 'providers/fcm/payload.ts', tests: ['providers/fcm/payload.test.ts'] };

const inAccessTokens = { file: 'providers/fcm/access-tokens.ts', tests: ['providers/fcm/access-tokens.test.ts'] };

const inServiceAccount = {
  file: 'providers/fcm/service-account.ts',
  tests: ['providers/fcm/service-account.test.ts'],
};

const inCredentialFile = { file: 'providers/credential-file.ts', tests: ['providers/credential-file.test.ts'] };

const inGoogleCredential = {
  file: 'providers/fcm/google-credential.ts',
  tests: ['providers/fcm/google-credential.test.ts'],
};

const inAgent = { file: 'providers/fcm/https-agent.ts', tests: ['providers/fcm/google-credential.test.ts'] };

/** What goes to FCM, what it answers, and by whom we are known there. */
export const fcm: readonly Mutant[] = [
  {
    ...inClient,
    find: `first.result === 'renew-credential' ? await attempt(composed.body, endsAtMs, onStatus) : first`,
    replace: 'first',
    breaks: 'A push that met a revoked access token is not sent again with a new one.',
  },
  {
    ...inClient,
    find: 'tokens.discard(token)',
    replace: 'token',
    breaks: 'An access token that Google refuses is sent until it ends.',
  },
  {
    ...inClient,
    find: 'tokens.confirm()',
    replace: 'token',
    breaks: 'Two access tokens that were refused in a year count as an account that is not accepted.',
  },
  {
    ...inClient,
    find: 'asked ?? (answer.status === 429 ? quotaPauseMs : undefined)',
    replace: 'asked',
    breaks: 'Google is asked again at once when the quota is used up.',
  },
  {
    ...inClient,
    find: 'if (belief.isBelievable)',
    replace: 'if (true)',
    breaks: 'With the service account of another project all registrations are removed.',
  },
  {
    ...inClient,
    find: 'if (sender === account.current) belief',
    replace: 'belief',
    breaks: 'A push accepted under an earlier service account makes a dead token believable.',
  },
  {
    ...inClient,
    find: 'belief.forget();',
    replace: '',
    breaks: 'After a new service account, what the earlier one delivered makes a dead token believable.',
  },
  {
    ...inClient,
    find: `result: 'retry', reason: 'oauth-timeout'`,
    replace: `result: 'misconfigured', reason: 'oauth-timeout'`,
    breaks: 'A slow OAuth server looks like a wrong service account.',
  },
  {
    ...inClient,
    find: `if (token.refused) return { result: 'misconfigured', reason`,
    replace: `if (token.refused) return { result: 'retry', reason`,
    breaks: 'A revoked service account looks like a provider that is away.',
  },
  {
    ...inClient,
    find: 'return { ...composed, unsent: true }',
    replace: 'return composed',
    breaks: 'A push that never left counts as an answer of FCM.',
  },
  {
    ...inClient,
    find: `kind: 'dead-token', reason, doubtful: true`,
    replace: `kind: 'dead-token', reason`,
    breaks: 'A token that may only be of another project is taken for surely dead, which the guard must know.',
  },
  {
    ...inResults,
    find: `'SENDER_ID_MISMATCH', result: 'doubtful-token', scope: 'unclear'`,
    replace: `'SENDER_ID_MISMATCH', result: 'doubtful-token', scope: 'app'`,
    breaks: 'One token of another project counts against the whole app.',
  },
  {
    ...inResults,
    find: `'SENDER_ID_MISMATCH', result: 'doubtful-token'`,
    replace: `'SENDER_ID_MISMATCH', result: 'dead-token'`,
    breaks: 'With the service account of another project all registrations are removed.',
  },
  {
    ...inResults,
    find: `reason: 'NOT_FOUND', result: 'misconfigured'`,
    replace: `reason: 'NOT_FOUND', result: 'dead-token'`,
    breaks: 'A project that does not exist removes all registrations.',
  },
  {
    ...inResults,
    find: `reason: 'UNAUTHENTICATED', result: 'renew-credential'`,
    replace: `reason: 'UNAUTHENTICATED', result: 'misconfigured'`,
    breaks: 'A revoked access token is not renewed.',
  },
  {
    ...inResults,
    find: `reason: 'PERMISSION_DENIED', result: 'misconfigured'`,
    replace: `reason: 'PERMISSION_DENIED', result: 'payload-rejected'`,
    breaks: 'An API that is switched off is taken for bad payloads.',
  },
  {
    ...inResults,
    find: `type.endsWith('/google.firebase.fcm.v1.FcmError')`,
    replace: 'true',
    breaks: 'A detail of another kind is taken for the error code of FCM.',
  },
  {
    ...inResults,
    find: 'if (byCode && sameClass(byCode.status, status))',
    replace: 'if (byCode)',
    breaks: 'A server error that quotes UNREGISTERED removes the registration.',
  },
  {
    ...inResults,
    find: 'if (known && errorCode === undefined)',
    replace: 'if (known)',
    breaks: 'An error code that nobody knows is overruled by the status beside it.',
  },
  {
    ...inResults,
    find: `source: 'none', reason, result: 'renew-credential'`,
    replace: `source: 'none', reason, result: 'misconfigured'`,
    breaks: 'An access token that some gateway refuses is not renewed.',
  },
  {
    ...inResults,
    find: `silent ? '-' : 'other'`,
    replace: `silent ? '-' : String(errorCode ?? canonical)`,
    breaks: 'Whoever answers can make up ever new values of a metric label.',
  },
  {
    ...inResults,
    find: `reason: 'QUOTA_EXCEEDED', result: 'retry', scope: 'unclear'`,
    replace: `reason: 'QUOTA_EXCEEDED', result: 'retry', scope: 'app'`,
    breaks: 'Whoever uses up the quota of his own devices opens the circuit for everybody.',
    tests: ['providers/fcm/results.test.ts', 'docs/results.test.ts'],
  },
  {
    ...inResults,
    find: `reason: 'THIRD_PARTY_AUTH_ERROR', result: 'misconfigured', scope: 'device'`,
    replace: `reason: 'THIRD_PARTY_AUTH_ERROR', result: 'misconfigured', scope: 'app'`,
    breaks: 'A token of a browser opens the circuit for all phones.',
    tests: ['providers/fcm/results.test.ts', 'docs/results.test.ts'],
  },
  {
    ...inProvidersResults,
    find: `if (status === 429) return { result: 'retry', scope: 'unclear' };`,
    replace: '',
    breaks: 'Too many requests, in a word that a table does not know, are taken for a wrong configuration.',
  },
  {
    ...inPayload,
    find: 'dataLimit = 4000',
    replace: 'dataLimit = 4096',
    breaks: 'Google refuses data messages of 4,050 bytes that were not shortened here.',
  },
  {
    ...inPayload,
    find: 'fieldCost = 8',
    replace: 'fieldCost = 0',
    breaks: 'Google refuses data messages of many fields that were not shortened here.',
  },
  {
    ...inPayload,
    find: `push.kind === 'background' ? 'normal' : 'high'`,
    replace: `'high'`,
    breaks: 'Wake-ups of high priority make Google slow the whole app down.',
  },
  {
    ...inPayload,
    find: `push.kind === 'background' ? 'normal' : 'high'`,
    replace: `'normal'`,
    breaks: 'Messages wait until the phone wakes up by itself.',
  },
  {
    ...inPayload,
    find: `  if (push.expiresAtMs === 0) return 0;
`,
    replace: '',
    breaks: 'A call is delivered after it is over.',
  },
  {
    ...inPayload,
    find: 'Math.max(1, Math.ceil(',
    replace: 'Math.max(0, Math.floor(',
    breaks: 'A message with half a second left is dropped unless the phone is on-line.',
  },
  {
    ...inPayload,
    find: 'Math.min(longestTtlSeconds, ',
    replace: 'Math.min(Number.MAX_SAFE_INTEGER, ',
    breaks: 'Google refuses pushes that live longer than four weeks.',
  },
  {
    ...inPayload,
    find: 'String(unreadMessages)',
    replace: 'unreadMessages',
    breaks: 'Google refuses a number among the data.',
  },
  {
    ...inPayload,
    find: 'dataLimit - empty - uncountedBytes',
    replace: 'dataLimit - empty',
    breaks: 'Servers write sealed messages that are too large by what they do not count.',
  },
  {
    ...inPayload,
    find: 'Math.max(0, largest - (largest % 4))',
    replace: 'Math.max(0, largest)',
    breaks: 'Servers are told a size that no base64 has.',
  },
  {
    ...inPayload,
    find: `account !== '' && { account }`,
    replace: '{ account }',
    breaks: 'Pushes to registrations without account carry an empty one.',
  },
  {
    ...inPayload,
    find: 'collapseKey !== undefined && { collapse_key: collapseKey }',
    replace: 'false && { collapse_key: collapseKey }',
    breaks: 'The collapse key of the config does nothing.',
  },
  {
    ...inPayload,
    find: 'if (oversize && sizeOf(data) > dataLimit)',
    replace: 'if (false)',
    breaks: 'Google refuses what does not fit even without content, and that looks like an answer about the device.',
  },
  {
    ...inAccessTokens,
    find: 'renewal ??= fetchWithin',
    replace: 'renewal = fetchWithin',
    breaks: 'Each of many pushes asks Google for an access token of its own.',
  },
  {
    ...inAccessTokens,
    find: 'endsAtMs - Math.min(renewBeforeEndMs, lifeMs / 4)',
    replace: 'endsAtMs',
    breaks: 'The access token is renewed when it has ended, and pushes wait for it.',
  },
  {
    ...inAccessTokens,
    find: `      if (held?.token !== token) return;
`,
    replace: '',
    breaks: 'A late refusal of the old access token discards the new one.',
  },
  {
    ...inAccessTokens,
    find: `      if (discarded > 1) pause({ refused: true });
`,
    replace: '',
    breaks: 'Google is asked for ever new access tokens for an account that FCM does not accept.',
  },
  {
    ...inAccessTokens,
    find: 'rested || renewal ? renew() : latestFailure',
    replace: 'renew()',
    breaks: 'A failing OAuth server is asked by each push.',
  },
  {
    ...inAccessTokens,
    find: `      failures = 0;
`,
    replace: '',
    breaks: 'Pauses between renewals grow from one outage to the next.',
  },
  {
    ...inAccessTokens,
    find: 'status !== 429 && status !== 408',
    replace: 'true',
    breaks: 'An OAuth server that is overloaded looks like a revoked account.',
  },
  {
    ...inAccessTokens,
    find: 'if (error instanceof RenewalTimeout) return false;',
    replace: '',
    breaks: 'An OAuth server that hangs looks like a revoked account.',
  },
  {
    ...inAccessTokens,
    find: `reject(new RenewalTimeout());
        abort.abort();`,
    replace: 'reject(new RenewalTimeout());',
    breaks: 'What hangs at the OAuth server is waited for by the next renewal, too.',
  },
  {
    ...inServiceAccount,
    find: `createPrivateKey(pem).asymmetricKeyType === 'rsa'`,
    replace: 'true',
    breaks: 'A service account whose key is damaged is found out with the first push.',
  },
  {
    ...inServiceAccount,
    find: `type: z.literal('service_account')`,
    replace: 'type: z.string()',
    breaks: 'The credentials of a person are taken for a service account.',
  },
  {
    ...inCredentialFile,
    find: 'if (digest === used) {',
    replace: 'if (false) {',
    breaks: 'A file that holds again what is in use is called new.',
  },
  {
    ...inCredentialFile,
    find: 'if (!content || digest === seen || isStopped) return;',
    replace: 'if (!content || isStopped) return;',
    breaks: 'What cannot be used is complained about at each look.',
  },
  {
    ...inCredentialFile,
    find: 'if (seen !== word && !isStopped)',
    replace: 'if (!isStopped)',
    breaks: 'A file that cannot be read is complained about at each look.',
  },
  {
    ...inCredentialFile,
    find: 'if (stats.size > largestBytes)',
    replace: 'if (false)',
    breaks: 'A path that leads to a log of gigabytes ends the process.',
  },
  {
    ...inCredentialFile,
    find: 'if (!stats.isFile()) return undefined;',
    replace: '',
    breaks: 'A pipe in the place of a key is waited for.',
  },
  {
    ...inCredentialFile,
    find: ' | constants.O_NONBLOCK',
    replace: '',
    breaks: 'A pipe in the place of a key holds up all files.',
  },
  {
    ...inCredentialFile,
    find: `    onReplaced?.();
`,
    replace: '',
    breaks: 'New credentials are read and nothing is sent with them.',
  },
  {
    ...inCredentialFile,
    find: '    cancel = clock.after(checkEveryMs',
    replace: '    clock.after(checkEveryMs',
    breaks: 'Files are looked at after the drain, too.',
  },
  {
    ...inGoogleCredential,
    find: 'request.add({ resolved: (config) => Promise.resolve({ ...config, ...once, url }) });',
    replace: 'void [request, once];',
    breaks: 'An OAuth server of one’s own is never asked, and the library retries beyond any deadline.',
  },
  {
    ...inGoogleCredential,
    find: '...config, ...once, url',
    replace: '...config, url',
    breaks: 'The library retries by itself beyond any deadline of ours.',
  },
  {
    ...inGoogleCredential,
    find: `signal?.addEventListener('abort', () => agent.destroy(), { once: true });`,
    replace: '',
    breaks: 'A request to an OAuth server that hangs stays open for ever.',
  },
  {
    ...inGoogleCredential,
    find: 'signal?.throwIfAborted();',
    replace: '',
    breaks: 'What nobody waits for any more is asked for all the same.',
  },
  {
    ...inAgent,
    find: `isIP(hostname) === 0 ? hostname : ''`,
    replace: `''`,
    breaks: 'Behind a proxy the OAuth server is not told which name it is asked for.',
  },
  {
    ...inAgent,
    find: `isIP(hostname) === 0 ? hostname : ''`,
    replace: `'oauth2.googleapis.com'`,
    breaks: 'An OAuth server of one’s own is verified under Google’s name.',
  },
  {
    ...inAgent,
    find: `[...getCACertificates('default'), ca]`,
    replace: `[...getCACertificates('default')]`,
    breaks: 'The authority in the config is not trusted for access tokens.',
  },
  {
    ...inGoogleCredential,
    find: ` || typeof life !== 'number'`,
    replace: '',
    breaks: 'A token of which nobody knows how long it lives is sent for ever.',
  },
];
