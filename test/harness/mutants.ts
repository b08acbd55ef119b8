/**
 * Copies of the server with one row of one table changed, each loaded beside the others into this process: a module that
 * is asked for with `?mutant=NAME` brings everything in `src/` that it imports along under the same name, and one file of
 * it is edited on the way. (`&as=.ts`, because some look at how their own address ends.)
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apnsTable } from '../../src/providers/apns/results.ts';
import { fcmTable } from '../../src/providers/fcm/results.ts';
import type { startServer } from '../../src/server.ts';

export interface Mutant {
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  /** The row as it stands, exactly once in the file. */
  readonly row: string;
  readonly instead: string;
  /** Beginnings of the ids of scenarios that are likely to notice; tried first. */
  readonly hints: readonly string[];
}

const source = join(import.meta.dirname, '..', '..', 'src');
const active = new Map<string, Mutant>();

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const name = context.parentURL && new URL(context.parentURL).searchParams.get('mutant');
    const isOurs = resolved.url.startsWith(`${pathToFileURL(source).href}/`);
    return name && isOurs ? { ...resolved, url: `${resolved.url}?mutant=${name}&as=.ts` } : resolved;
  },
  load(url, context, next) {
    const mutant = active.get(URL.parse(url)?.searchParams.get('mutant') ?? '');
    const loaded = next(url, context);
    if (!mutant || !new URL(url).pathname.endsWith(`/src/${mutant.file}`)) return loaded;
    return { ...loaded, source: apply(mutant) };
  },
});

/** The edited text. @throws Error when the row does not stand there exactly once: the list of mutants is out of date */
export function apply({ name, file, row, instead }: Mutant): string {
  const parts = readFileSync(join(source, file), 'utf8').split(row);
  if (parts.length !== 2) throw new Error(`mutant ${name}: its row stands ${parts.length - 1} times in ${file}`);
  return parts.join(instead);
}

/** The server's starter with one row changed. */
export async function loadMutant(mutant: Mutant): Promise<typeof startServer> {
  active.set(mutant.name, mutant);
  const server = (await import(`../../src/server.ts?mutant=${mutant.name}&as=.ts`)) as {
    startServer: typeof startServer;
  };
  return server.startServer;
}

/** The harness with one of its own files edited, to be used in place of the modules of the same names. */
export async function loadMutantHarness(mutant: Mutant) {
  active.set(mutant.name, mutant);
  const load = async (file: string): Promise<unknown> =>
    import(`../../src/harness/runner/${file}.ts?mutant=${mutant.name}&as=.ts`);
  const { setScenarioStage } = (await load('environment')) as typeof import('../../src/harness/runner/environment.ts');
  const { runScenarios } = (await load('run-scenarios')) as typeof import('../../src/harness/runner/run-scenarios.ts');
  return { setScenarioStage, runScenarios };
}

/** What a result is turned into first: something that a look at one push tells apart. */
const other: Readonly<Record<string, string>> = {
  accepted: 'payload-rejected',
  retry: 'payload-rejected',
  'dead-token': 'misconfigured',
  'doubtful-token': 'misconfigured',
  'payload-rejected': 'misconfigured',
  misconfigured: 'payload-rejected',
  'renew-credential': 'misconfigured',
};

const kebab = (reason: string) =>
  reason.includes('_')
    ? reason.toLowerCase().replaceAll('_', '-')
    : reason.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

/** A row of a provider's table: an object that can mean something else for a while. */
export interface RowMutant {
  readonly name: string;
  readonly row: { result: string };
  readonly instead: string;
  readonly hints: readonly string[];
}

function rowMutants(
  provider: 'apns' | 'fcm',
  table: readonly {
    readonly status: number;
    readonly reason: string;
    result: string;
    readonly source?: string;
  }[],
  insteadOf: (result: string) => readonly string[],
): RowMutant[] {
  return table.flatMap((row) => {
    const { status, reason, result } = row;
    const suffix = row.source === 'status' ? '-status' : '';
    const name = `${provider}-${status}-${reason === '-' ? 'accepted' : kebab(reason)}${suffix}`;
    const accepted = provider === 'apns' ? 'sealed-message-of-snikket' : 'sealed-message-on-android';
    const hints = [reason === '-' ? accepted : name];
    return insteadOf(result).map((instead) => ({ name: `${name}-as-${instead}`, row, instead, hints }));
  });
}

const inBothTables = (insteadOf: (result: string) => readonly string[]) => [
  ...rowMutants('apns', apnsTable, insteadOf),
  ...rowMutants('fcm', fcmTable, insteadOf),
];

/** One change of each row. */
export const tableMutants: readonly RowMutant[] = inBothTables((result) => [other[result] ?? '']);

/**
 * Each row with every other result. Two changes that nobody notices change nothing: an answer that asks for new credentials
 * is tried again with the old ones as long as APNs allows no newer, and so is one that asks to be tried again.
 */
export const thoroughTableMutants: readonly RowMutant[] = inBothTables((result) =>
  Object.keys(other).filter((each) => each !== result),
);

const answerRows: readonly [outcome: string, answer: string, instead: string, ...hints: string[]][] = [
  ['sent', 'result', 'internal-server-error', 'sealed-message-of-snikket'],
  [`'payload-rejected'`, 'result', 'internal-server-error', 'refused-twice'],
  ['coalesced', 'result', 'internal-server-error', 'wake-ups-coalesced'],
  ['unimportant', 'result', 'internal-server-error', 'sealed-low-dropped'],
  ['queued', 'result', 'internal-server-error', 'apns-500'],
  ['misconfigured', 'internal-server-error', 'item-not-found', 'unproven-410'],
  [`'unknown-app'`, 'internal-server-error', 'item-not-found', 'raw-token-of-no-app'],
  ['gone', 'item-not-found', 'internal-server-error', 'dead-token'],
  [`'unknown-node'`, 'item-not-found', 'internal-server-error', 'http-unregister'],
  [`'wrong-publisher'`, 'forbidden', 'internal-server-error', 'wrong-publisher'],
  [`'wrong-secret'`, 'forbidden', 'internal-server-error', 'p2-wrong-secret'],
  ['lost', 'internal-server-error', 'item-not-found', 'lost-node'],
  [`'rate-limited'`, 'internal-server-error', 'forbidden', 'account-publishes-too-much'],
  ['malformed', 'bad-request', 'internal-server-error', 'malformed-'],
];

/** Outcomes of a full or broken disk, to which no phone's story leads: `npm run mutants` holds their answers. */
export const unreachableOutcomes = ['not-queued', 'store-failed', 'timed-out'];

/**
 * Two things stand twice, here and in APNs' payload, so a change here alone changes nothing: that a PushKit push expires at
 * once, and that a call without content is an alert.
 */
const routingRows: readonly [name: string, row: string, instead: string, ...hints: string[]][] = [
  [
    'voip-needs-high',
    `priority !== 'low') return callRoute`,
    `priority === 'high') return callRoute`,
    'call-rings-without',
  ],
  ['voip-whatever-priority', `content.voip && priority !== 'low'`, 'content.voip', 'call-end'],
  ['voip-never', `if (content.voip && priority !== 'low')`, 'if (false)', 'call-rings'],
  ['sealed-always-alert', `absentPriority(app)) === 'high')`, `absentPriority(app)) !== '')`, 'sealed-chat-state'],
  ['sealed-never-alert', `absentPriority(app)) === 'high')`, `absentPriority(app)) === '')`, 'sealed-message'],
  ['call-end-coalesced', 'backgroundRoute(sealed, app, false)', 'backgroundRoute(sealed, app, true)', 'call-end-is'],
  [
    'call-end-as-others',
    'if (content.voip) return backgroundRoute',
    'if (false) return backgroundRoute',
    'call-end-is',
  ],
  ['unimportant-each', '? sealed : none, app, true)', '? sealed : none, app, false)', 'sealed-low-newest'],
  ['unimportant-carried', `app.unimportant === 'carry' ?`, 'true ?', 'sealed-low-bare', 'subscription-without'],
  ['unimportant-bare', `app.unimportant === 'carry' ?`, 'false ?', 'sealed-as-in-the-text', 'sealed-chat-state'],
  ['unimportant-not-dropped', `if (app.unimportant === 'drop')`, 'if (false)', 'sealed-low-dropped'],
  [
    'absent-priority-turned',
    `=== 'alert' ? 'high' : 'low'`,
    `=== 'alert' ? 'low' : 'high'`,
    'sealed-without-priority',
    'sealed-receipt',
  ],
  ['clear-any-count', 'if (messageCount === 0 && ', 'if (', 'wake-up-by-count'],
  [
    'clear-with-sender',
    'messageCount === 0 && sender === undefined &&',
    'messageCount === 0 &&',
    'count-zero-with-sender',
  ],
  ['clear-with-body', 'sender === undefined && body === undefined)', 'sender === undefined)', 'count-zero-with-body'],
  ['clear-another-number', 'unreadMessages: 0 }', 'unreadMessages: 1 }', 'read-elsewhere'],
  ['clear-coalesced', 'unreadMessages: 0 }, app, false)', 'unreadMessages: 0 }, app, true)', 'read-elsewhere-is'],
  ['plain-body-hidden', `if (body !== undefined || priority === 'high')`, `if (priority === 'high')`, 'plain-message'],
  ['plain-high-hidden', `if (body !== undefined || priority === 'high')`, 'if (body !== undefined)', 'plain-high'],
  ['plain-all-forwarded', `app.plaintext === 'forward' ?`, 'true ?', 'plain-message'],
  ['plain-none-forwarded', `app.plaintext === 'forward' ?`, 'false ?', 'plain-forwarded'],
  [
    'wake-up-not-coalesced',
    'return backgroundRoute(none, app, true);',
    'return backgroundRoute(none, app, false);',
    'wake-ups',
  ],
  ['wake-up-as-alert', 'return backgroundRoute(none, app, true);', 'return alertRoute(none, app);', 'wake-up'],
  ['call-alert-opened', `kind: 'call-alert', target`, `kind: 'alert', target`, 'call-without-pushkit'],
  ['call-alert-for-ever', 'lifetimeMs: callLifetimeMs', 'lifetimeMs: 604_800_000', 'call-without-pushkit'],
  [
    'call-alert-coalesced',
    'lifetimeMs: callLifetimeMs, coalesce: false',
    'lifetimeMs: callLifetimeMs, coalesce: true',
    'calls-without',
  ],
  ['call-always-pushkit', 'if (registration.secondToken === undefined)', 'if (false)', 'call-without-pushkit'],
  ['call-never-pushkit', 'if (registration.secondToken === undefined)', 'if (true)', 'call-rings'],
  ['call-to-first-token', `kind: 'voip', target: 'second'`, `kind: 'voip', target: 'first'`, 'call-rings'],
  [
    'call-coalesced',
    `content, lifetimeMs: 0, coalesce: false`,
    'content, lifetimeMs: 0, coalesce: true',
    'refused-call',
  ],
  ['alert-at-once', 'lifetimeMs: app.ttlMs, coalesce', 'lifetimeMs: 0, coalesce', 'sealed-message-for-a-week'],
  ['alert-to-second-token', `kind: 'alert', target: 'first'`, `kind: 'alert', target: 'second'`, 'sealed-message'],
  [
    'alert-coalesced',
    'lifetimeMs: app.ttlMs, coalesce: false',
    'lifetimeMs: app.ttlMs, coalesce: true',
    'plain-messages-each',
  ],
  ['background-to-second', `kind: 'background', target: 'first'`, `kind: 'background', target: 'second'`, 'call-end'],
  ['background-for-a-week', 'Math.min(app.ttlMs, backgroundLifetimeMs)', 'app.ttlMs', 'call-end-for-an-hour'],
  ['call-lifetime', 'callLifetimeMs = 30_000', 'callLifetimeMs = 300_000', 'call-without-pushkit'],
  ['background-lifetime', 'backgroundLifetimeMs = 3_600_000', 'backgroundLifetimeMs = 60_000', 'call-end-for-an-hour'],
  ['oversize-sooner', 'contentMax = 5_120', 'contentMax = 1_000', 'longest-message'],
  [
    'raw-token-each',
    '...alertRoute(none, app), coalesce: true',
    '...alertRoute(none, app), coalesce: false',
    'raw-token',
  ],
  ['p2-messages-held-back', 'coalesce: !isMessage', 'coalesce: true', 'p2-messages'],
  ['p2-wake-ups-each', 'coalesce: !isMessage', 'coalesce: false', 'p2-messages'],
  ['raw-token-as-others', `if (rule === 'every-time')`, 'if (false)', 'raw-token-wake-up'],
  ['p2-as-others', `if (rule === 'to-wake')`, 'if (false)', 'p2'],
  [
    'summary-without-count',
    'unreadMessages !== undefined && { unreadMessages }',
    'false && { unreadMessages }',
    'plain-forwarded',
  ],
  ['summary-without-sender', 'sender !== undefined && { sender }', 'false && { sender }', 'plain-forwarded'],
  ['summary-without-nickname', 'nickname !== undefined && { nickname }', 'false && { nickname }', 'plain-nickname'],
  ['summary-without-body', 'body !== undefined && { body }', 'false && { body }', 'plain-forwarded'],
];

/** What statuses mean whose reason no table knows. */
const defaultRows: readonly [file: string, row: string, instead: string, hint: string][] = [
  [
    'apns/results.ts',
    `result: 'doubtful-token', scope: 'unclear' };`,
    `result: 'payload-rejected', scope: 'unclear' };`,
    'apns-410-never',
  ],
  [
    'results.ts',
    `status >= 500) return { result: 'retry'`,
    `status >= 500) return { result: 'payload-rejected'`,
    'apns-502',
  ],
  ['results.ts', `return { result: 'payload-rejected'`, `return { result: 'retry'`, 'apns-400-never'],
  ['results.ts', `return { result: 'misconfigured'`, `return { result: 'payload-rejected'`, 'apns-404-never'],
  [
    'results.ts',
    `status >= 500) return { result: 'retry'`,
    `status >= 500) return { result: 'payload-rejected'`,
    'fcm-502',
  ],
  ['results.ts', `return { result: 'payload-rejected'`, `return { result: 'retry'`, 'fcm-400-never'],
  ['results.ts', `return { result: 'misconfigured'`, `return { result: 'payload-rejected'`, 'fcm-405'],
];

export const mutants: readonly Mutant[] = [
  ...answerRows.map(([outcome, answer, instead, ...hints]) => ({
    name: `answer-${outcome.replaceAll(`'`, '')}`,
    file: 'core/answers.ts',
    row: `  ${outcome}: '${answer}',`,
    instead: `  ${outcome}: '${instead}',`,
    hints,
  })),
  ...routingRows.map(([name, row, instead, ...hints]) => ({
    name: `route-${name}`,
    file: 'core/routing.ts',
    row,
    instead,
    hints,
  })),
  ...defaultRows.map(([file, row, instead, hint], index) => ({
    name: `default-${index}`,
    file: `providers/${file}`,
    row,
    instead,
    hints: [hint],
  })),
];
