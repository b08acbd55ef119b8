import type { Mutant } from '../mutant.ts';

const inLog = { file: 'telemetry/log.ts', tests: ['telemetry/redaction.test.ts'] };

const inErrorCode = { file: 'telemetry/error-code.ts', tests: ['telemetry/redaction.test.ts'] };

const inDispatch = { file: 'delivery/dispatch.ts', tests: ['telemetry/redaction.test.ts'] };

const inComponent = { file: 'xmpp/services/component.ts', tests: ['telemetry/redaction.test.ts'] };

const inSecret = { file: 'core/secret.ts', tests: ['core/secret.test.ts'] };

const inSeries = { file: 'telemetry/series.ts', tests: ['telemetry/series.test.ts'] };

/** What logs and metrics tell, and what they must not. */
export const telemetry: readonly Mutant[] = [
  { ...inSeries, find: 'value <= le', replace: 'value < le', breaks: 'A wait of just a bound counts as longer.' },
  {
    ...inSeries,
    find: 'value: (below += within[i] ?? 0)',
    replace: 'value: (below = within[i] ?? 0)',
    breaks: 'Quantiles are computed from buckets that do not add up.',
  },
  {
    ...inLog,
    find: `return createHash('sha256').update(secretName).digest('hex').slice(0, 12);`,
    replace: 'return secretName;',
    breaks: 'Logs carry nodes, with which anybody can publish.',
  },
  { ...inLog, find: '.slice(0, 12)', replace: '', breaks: 'A fingerprint is so long that nobody compares it.' },
  { ...inErrorCode, find: ': error.name', replace: ': error.message', breaks: 'Logs carry what came from outside.' },
  {
    ...inErrorCode,
    find: `typeof code === 'string' ? code`,
    replace: 'code !== undefined ? String(code)',
    breaks: 'Logs carry whatever a library calls a code.',
  },
  { ...inLog, find: 'base: null, ', replace: '', breaks: 'Each log line carries process id and host name.' },
  {
    ...inLog,
    find: `    saidAtMs = nowMs;
`,
    replace: '',
    breaks: 'What goes wrong with every notification is logged with every notification.',
    tests: ['delivery/deliver.test.ts'],
  },
  {
    ...inLog,
    find: 'nowMs - saidAtMs < intervalMs',
    replace: 'saidAtMs > -Infinity',
    breaks: 'What goes wrong is said once and never again.',
    tests: ['delivery/deliver.test.ts'],
  },
  {
    ...inDispatch,
    find: 'registration: fingerprint(registration.node), reason };',
    replace: 'registration: registration.node, reason };',
    breaks: 'The line about a removed registration carries its node.',
  },
  {
    ...inDispatch,
    find: 'registration: fingerprint(registration.node), reason: errorCode(error)',
    replace: 'registration: registration.node, reason: errorCode(error)',
    breaks: 'The line about a registration that could not be updated carries its node.',
  },
  {
    ...inComponent,
    find: 'domain: domainOf(iq.from), reason: parsed.fault',
    replace: 'domain: iq.from, reason: parsed.fault',
    breaks: 'The line about a malformed publish carries the JID.',
  },
  {
    ...inSecret,
    find: 'toString: () => SHOWN',
    replace: 'toString: () => value',
    breaks: 'A secret in a template string shows.',
  },
  { ...inSecret, find: 'toJSON: () => SHOWN', replace: 'toJSON: () => value', breaks: 'A secret in a log line shows.' },
  {
    ...inSecret,
    find: '[inspect.custom]: () => SHOWN',
    replace: '[inspect.custom]: () => value',
    breaks: `A secret in an error's stack or a debugger's print shows.`,
  },
];
