import type { Mutant } from '../mutant.ts';

const inResults = {
  file: 'providers/results.ts',
  tests: ['providers/apns/results.test.ts', 'providers/apns/environments.test.ts', 'providers/apns/client.test.ts'],
};

const inClient = {
  file: 'providers/apns/client.ts',
  tests: ['providers/apns/results.test.ts', 'providers/apns/environments.test.ts', 'providers/apns/client.test.ts'],
};

const inApnsResults = { file: 'providers/apns/results.ts', tests: ['providers/apns/results.test.ts'] };

const inPayload = { file: 'providers/apns/payload.ts', tests: ['providers/apns/payload.test.ts'] };

const inProviderTokens = {
  file: 'providers/apns/provider-tokens.ts',
  tests: ['providers/apns/provider-tokens.test.ts'],
};

const inCredentials = {
  file: 'providers/apns/credentials.ts',
  tests: ['providers/apns/certificate.test.ts', 'providers/apns/provider-tokens.test.ts'],
};

/** What goes to APNs, what it answers, and by whom we are known there. */
export const apns: readonly Mutant[] = [
  {
    ...inResults,
    find: 'clock.monotonic() - acceptedAtMs <= believableWithinMs',
    replace: 'true',
    breaks: 'A token is believed dead although nothing was delivered lately, so a wrong topic removes everybody.',
  },
  {
    ...inResults,
    find: 'believableWithinMs = 3_600_000',
    replace: 'believableWithinMs = 36_000_000',
    breaks: 'What was delivered ten hours ago makes a dead token believable.',
  },
  {
    ...inResults,
    find: 'status === 425 || status >= 500',
    replace: 'status === 425',
    breaks: 'A server error of an unknown kind loses the push.',
    tests: ['providers/apns/results.test.ts', 'providers/fcm/results.test.ts'],
  },
  {
    ...inResults,
    find: `failure.status === 200 ? 'accepted' : 'retry'`,
    replace: `'retry'`,
    breaks: 'A push whose answer broke off after its status is shown twice.',
    tests: ['providers/transport/h2.test.ts', 'providers/transport/h1.test.ts'],
  },
  {
    ...inClient,
    find: 'timestampMs <= device.registeredAtMs',
    replace: 'timestampMs < 0',
    breaks: 'A device that registered again after its token died is removed.',
  },
  {
    ...inClient,
    find: 'newer === undefined ? answered : await post(newer)',
    replace: 'answered',
    breaks: 'A push that met an expired provider token is not sent again with the new one.',
    tests: ['providers/apns/provider-tokens.test.ts'],
  },
  {
    ...inClient,
    find: '!isExpired || !isRefused',
    replace: '!isRefused',
    breaks: 'Every refusal is put down to an expired certificate.',
    tests: ['providers/apns/certificate.test.ts'],
  },
  {
    ...inClient,
    find: ` || answered.reason === 'connection'`,
    replace: '',
    breaks: 'A TLS alert about an expired certificate is taken for a broken connection.',
    tests: ['providers/apns/certificate.test.ts'],
  },
  {
    ...inClient,
    find: `const isTester = app.environment === 'auto' && environment === 'sandbox'`,
    replace: 'const isTester = false',
    breaks: 'Trouble of the sandbox opens the circuit for everybody in production.',
  },
  {
    ...inClient,
    find: `const isFailure = result.kind === 'retry' ||`,
    replace: 'const isFailure =',
    breaks: 'A sandbox that fails for a while opens the circuit for everybody in production.',
  },
  {
    ...inClient,
    find: `if (app.environment !== 'auto') return [app.environment]`,
    replace: `if (app.environment !== 'auto') return ['production']`,
    breaks: 'Apps of the sandbox push to production.',
  },
  {
    ...inClient,
    find: `environment === 'sandbox' ? ['sandbox', 'production']`,
    replace: `environment === 'sandbox' ? ['production', 'sandbox']`,
    breaks: 'A device known to be of the sandbox is tried in production first, each time.',
  },
  {
    ...inClient,
    find: `if (other.result !== 'doubtful-token')`,
    replace: `if (other.result === 'accepted')`,
    breaks: 'A token is called dead while the other environment could not be asked.',
  },
  {
    ...inClient,
    find: `app.environment === 'auto' && { environment }`,
    replace: 'false && { environment }',
    breaks: 'The environment that took a token is not remembered.',
  },
  {
    ...inClient,
    find: 'encodeURIComponent(device.token)',
    replace: 'device.token',
    breaks: 'A device token can leave its place in the path of the request.',
    tests: ['providers/apns/client.test.ts'],
  },
  {
    ...inClient,
    find: 'for (const belief of Object.values(beliefs)) belief.forget();',
    replace: '',
    breaks: 'A push accepted under an earlier key makes a dead token believable.',
    tests: ['providers/apns/provider-tokens.test.ts'],
  },
  {
    ...inClient,
    find: 'if (identity === credentials.current) beliefs',
    replace: 'beliefs',
    breaks: 'What was under way with an earlier key makes a dead token believable.',
    tests: ['providers/apns/provider-tokens.test.ts'],
  },
  {
    ...inClient,
    find: `    for (const transport of transports.values()) retire(transport);
    transports.clear();
`,
    replace: '',
    breaks: 'Connections made with a replaced certificate stay in use.',
    tests: ['providers/apns/certificate.test.ts'],
  },
  {
    ...inClient,
    find: 'return { ...composed, unsent: true }',
    replace: 'return composed',
    breaks: 'A push that never left counts as an answer of APNs.',
  },
  {
    ...inClient,
    find: `    if (composed.oversize) metrics.oversize.inc({ app: app.name });
`,
    replace: '',
    breaks: 'Nobody sees how many contents were left out for their size.',
  },
  {
    ...inClient,
    find: `afterMs: afterMs ?? staleNewsAfterMs, scope: 'device'`,
    replace: 'afterMs: afterMs ?? staleNewsAfterMs',
    breaks: 'APNs knowing late of one device counts against the whole app.',
  },
  {
    ...inClient,
    find: 'status === 200 || status === 400 ||',
    replace: 'status === 200 || status === 403 || status === 400 ||',
    breaks: 'A burst goes out on a connection whose credentials APNs has just refused.',
    tests: ['providers/transport/h2.test.ts'],
  },
  {
    ...inClient,
    find: `result: 'misconfigured', reason: 'unusable-key'`,
    replace: `result: 'retry', reason: 'unusable-key'`,
    breaks: 'A key that cannot sign looks like a provider that is away.',
    tests: ['providers/apns/provider-tokens.test.ts'],
  },
  {
    ...inClient,
    find: `kind: 'dead-token', reason, doubtful: true`,
    replace: `kind: 'dead-token', reason`,
    breaks: 'A token that may only be of another topic is taken for surely dead, which the guard must know.',
  },
  {
    ...inApnsResults,
    find: `rows(403, 'renew-credential', 'app'`,
    replace: `rows(403, 'misconfigured', 'app'`,
    breaks: 'An expired provider token is not renewed.',
  },
  {
    ...inApnsResults,
    find: `rows(400, 'doubtful-token', 'unclear'`,
    replace: `rows(400, 'dead-token', 'unclear'`,
    breaks: 'A wrong topic in the config removes all registrations.',
  },
  {
    ...inApnsResults,
    find: `rows(400, 'misconfigured', 'app', 'BadTopic`,
    replace: `rows(400, 'payload-rejected', 'app', 'BadTopic`,
    breaks: 'A wrong topic in the config is taken for bad payloads.',
  },
  {
    ...inApnsResults,
    find: `rows(429, 'retry', 'app'`,
    replace: `rows(429, 'misconfigured', 'app'`,
    breaks: 'Pushes are not sent later when Apple has seen too many provider tokens.',
  },
  {
    ...inApnsResults,
    find: `result: 'doubtful-token', scope: 'unclear' };`,
    replace: `result: 'dead-token', scope: 'unclear' };`,
    breaks: 'An unknown word from whoever answers removes registrations.',
  },
  {
    ...inApnsResults,
    find: `knownReasons.has(reason) ? reason : 'other'`,
    replace: 'reason',
    breaks: 'Whoever answers can make up ever new values of a metric label.',
  },
  {
    ...inApnsResults,
    find: `typeof timestamp === 'number' && Number.isFinite(timestamp)`,
    replace: 'true',
    breaks: 'A timestamp that is no number is compared with one.',
  },
  {
    ...inApnsResults,
    find: `rows(429, 'retry', 'device'`,
    replace: `rows(429, 'retry', 'app'`,
    breaks: 'One busy device opens the circuit for everybody.',
    tests: ['providers/apns/results.test.ts', 'docs/results.test.ts'],
  },
  { ...inPayload, find: '  voip: 5120', replace: '  voip: 4096', breaks: 'Calls between 4 and 5 KB ring no more.' },
  {
    ...inPayload,
    find: '  alert: 4096',
    replace: '  alert: 5120',
    breaks: 'Messages between 4 and 5 KB are refused by Apple instead of being shortened here.',
  },
  {
    ...inPayload,
    find: '`${app.topic}.voip` : app.topic',
    replace: 'app.topic : app.topic',
    breaks: 'Apple refuses every call.',
  },
  {
    ...inPayload,
    find: `kind === 'background' ? '5' : '10'`,
    replace: `'10'`,
    breaks: 'Apple refuses every background push.',
  },
  {
    ...inPayload,
    find: `kind === 'voip' || expiresAtMs === 0`,
    replace: 'expiresAtMs === 0',
    breaks: 'A call rings long after it is over.',
  },
  {
    ...inPayload,
    find: 'Math.floor(expiresAtMs / 1000)',
    replace: 'Math.floor(expiresAtMs)',
    breaks: 'Pushes expire in the year 50000.',
  },
  {
    ...inPayload,
    find: `'mutable-content': 1`,
    replace: `'mutable-content': 0`,
    breaks: 'No message is opened on the phone any more.',
  },
  {
    ...inPayload,
    find: `lastResort.alert), 'mutable-content': 1 }`,
    replace: `lastResort.alert), 'mutable-content': 1, 'content-available': 1 }`,
    breaks: 'Each message is shown twice, or a call wakes the app as well.',
  },
  {
    ...inPayload,
    find: `    'apns-collapse-id': id,
`,
    replace: '',
    breaks: 'A push that had to be sent twice shows twice.',
  },
  {
    ...inPayload,
    find: `    'apns-id': id,
`,
    replace: '',
    breaks: 'Apple makes up an id for each attempt.',
  },
  {
    ...inPayload,
    find: 'Math.min(...room) - uncountedBytes',
    replace: 'Math.min(...room)',
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
    find: `push.kind === 'voip' && push.content.kind !== 'sealed'`,
    replace: 'false',
    breaks: 'A call without ciphertext rings for Unknown.',
  },
  {
    ...inPayload,
    find: `if (push.kind === 'voip') return refuse`,
    replace: 'if (false) return refuse',
    breaks: 'A call that is too large rings for Unknown, without its ciphertext.',
  },
  {
    ...inPayload,
    find: `account !== '' && { account }`,
    replace: '{ account }',
    breaks: 'Pushes to raw tokens carry an empty account.',
  },
  {
    ...inPayload,
    find: 'isTextless && { body: text }',
    replace: 'false && { body: text }',
    breaks: 'An alert without any wording is refused by Apple.',
  },
  {
    ...inPayload,
    find: `lastResort['call-alert']`,
    replace: 'lastResort.alert',
    breaks: 'A call without wording looks like a message.',
  },
  {
    ...inProviderTokens,
    find: 'renewAfterMs = 50 * 60_000',
    replace: 'renewAfterMs = 70 * 60_000',
    breaks: 'The provider token is sent until Apple refuses it.',
  },
  {
    ...inProviderTokens,
    find: 'shortestLifeMs = 20 * 60_000',
    replace: 'shortestLifeMs = 60_000',
    breaks: 'Apple sees several tokens of one key within 20 minutes and refuses them.',
  },
  {
    ...inProviderTokens,
    find: `        if (!mayRenew(entry)) return undefined;
`,
    replace: '',
    breaks: 'A token that was refused is renewed however young it is, and Apple refuses that as well.',
  },
  {
    ...inProviderTokens,
    find: `      if (present !== refused) return present;
`,
    replace: '',
    breaks: 'Each of many pushes that met one expired token makes a token of its own.',
  },
  {
    ...inProviderTokens,
    find: 'entry.issuedAtMs - clock.now() > aheadMs',
    replace: 'false',
    breaks: 'After the clock was put back, tokens of times to come are sent for hours.',
  },
  {
    ...inProviderTokens,
    find: 'Math.max(clock.now() - entry.issuedAtMs, clock.monotonic() - entry.signedAtMs)',
    replace: 'clock.now() - entry.issuedAtMs',
    breaks: 'After the clock was put back, a token of any age is sent.',
  },
  {
    ...inProviderTokens,
    find: 'isDue(entry) && mayRenew(entry)',
    replace: 'isDue(entry)',
    breaks: 'A clock that steps makes several tokens within 20 minutes.',
  },
  {
    ...inProviderTokens,
    find: 'entries.size >= keyLimit && oldest !== undefined',
    replace: 'false',
    breaks: 'Keys that come and go fill the memory.',
  },
  {
    ...inCredentials,
    find: 'warnBeforeEndMs = 14 * dayMs',
    replace: 'warnBeforeEndMs = dayMs',
    breaks: `The operator hears of a certificate's end one day before it.`,
  },
  {
    ...inCredentials,
    find: 'if (next.certificate.expiresAtMs <= clock.now())',
    replace: 'if (false)',
    breaks: 'An expired certificate takes the place of one that is good.',
  },
  {
    ...inCredentials,
    find: 'if (leftMs <= 0) return',
    replace: 'if (leftMs <= dayMs) return',
    breaks: 'A certificate is called expired a day too early.',
  },
];
