/** What the config says of an app whatever its provider: keys of `apps.NAME`. */
import { z } from 'zod';
import type { Secret } from '../../core/secret.ts';
import { withHint } from './problems.ts';
import { proxySetting } from './proxy.ts';
import { authorities } from './tls.ts';
import { section, type Sources, type ValueKinds } from './values.ts';

const MAX_IDS = 100;

/** What a provider's section is made with. */
export interface AppContext {
  readonly values: ValueKinds;
  readonly sources: Sources;
  /** Names of the conventions that there are. */
  readonly conventions: readonly [string, ...string[]];
}

/** The keys that every app has, whatever its provider. */
export function commonKeys({ values, sources, conventions }: AppContext) {
  return {
    /** Provider ids that clients register with (disco features), or the accepted `pushModule` names. */
    ids: z
      .array(values.text('an id without white space', /^\S{1,200}$/), { error: 'expected a list of ids' })
      .min(1, { error: 'expected at least one id' })
      .max(MAX_IDS, { error: `more than ${MAX_IDS} ids` }),
    /** How clients come to their nodes; `http`: your own do, over the registration API. Default: what Siskin, Snikket and Stork do. */
    conventions: z
      .array(values.choice(conventions), { error: 'expected a list of conventions' })
      .min(1, { error: 'expected at least one convention' })
      .default(['tigase']),
    /** The registration API for this app; goes with `http` among the conventions. */
    api: section({
      token: values
        .secret('the bearer token by which your own service or client speaks for this app')
        .superRefine(checkApiToken),
    }).optional(),
    /** Whether sender and body that a server did not seal go to the provider. Default: they stay here. */
    plaintext: values.choice(['withhold', 'forward']).default('withhold'),
    /** What a sealed notification without priority is. Default: servers that seal know priorities, so it is not urgent. */
    absentPriority: values.choice(['background', 'alert']).default('background'),
    /** How long a push is worth delivering. Default: a week off-line; FCM keeps nothing longer than 28 days. */
    ttl: values.duration('1s', '28d').prefault('7d'),
    /** At most one coalesced wake-up per registration in this time. Default: one run of an app's extension lasts as long. */
    backgroundInterval: values.duration('0s', '1h').prefault('20s'),
    /** Pushes on their way at a time. Default: half of the 1,000 streams that APNs allows a connection. */
    inFlight: values.count(1, 2_000).default(500),
    /** Gateway in place of the provider's own servers. */
    endpoint: values.origin("the origin of a server in place of the provider's").optional(),
    /** Authorities trusted for this app beside the system's. */
    ca: authorities(values).optional(),
    /** HTTP proxy on the way to the provider. */
    proxy: proxySetting(values, sources),
  };
}

type CommonKeys = z.output<z.ZodObject<ReturnType<typeof commonKeys>>>;

/** Durations get their unit into their names; keys without a value are left out. */
export function toCommon<Parsed extends CommonKeys>({ ttl, backgroundInterval, ...rest }: Parsed) {
  return { ...defined(rest), ttlMs: ttl, backgroundIntervalMs: backgroundInterval };
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Without the keys whose value is `undefined`: to be absent is something else. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}

/** RFC 6750, and long enough that nobody finds it by trying. */
const API_TOKEN = /^[A-Za-z0-9._~+/-]{24,500}=*$/;

function checkApiToken(token: Secret, context: z.RefinementCtx): void {
  if (API_TOKEN.test(token.reveal())) return;
  context.addIssue(
    withHint(
      'is not fit for a bearer token',
      'It has at least 24 of the characters A-Z a-z 0-9 . _ ~ + / - and = at its end, such as what `openssl rand -base64 32` writes.',
    ),
  );
}
