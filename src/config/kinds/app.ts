/** What the config says of an app whatever its provider: keys of `apps.NAME`. */
import { z } from 'zod';
import type { Secret } from '../../core/secret.ts';
import { withHint } from './problems.ts';
import { proxySetting } from './proxy.ts';
import { authorities } from './tls.ts';
import { inMs, section, type Sources, type ValueKinds } from './values.ts';

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
    ids: z
      .array(values.text('an id without white space', /^\S{1,200}$/), { error: 'expected a list of ids' })
      .min(1, { error: 'expected at least one id' })
      .max(MAX_IDS, { error: `more than ${MAX_IDS} ids` })
      .readonly()
      .describe(
        'Provider ids that clients register with; service discovery announces them. For `raw-token`: the `pushModule` names that are accepted.',
      ),
    conventions: z
      .array(values.choice(conventions), { error: 'expected a list of conventions' })
      .min(1, { error: 'expected at least one convention' })
      .max(conventions.length, { error: 'lists more conventions than exist' })
      .default(['tigase'])
      .readonly()
      .describe(
        'How clients register: `tigase` as Siskin, Snikket for iOS and Stork do, `p2` as Conversations does, `v1` as with mod_push_appserver, `raw-token` as Monal does, `http` over the registration API.',
      ),
    api: section({
      token: values
        .secret('the bearer token by which your own service or client speaks for this app')
        .superRefine(checkApiToken)
        .describe('Bearer token by which your own service or client speaks for this app; no two apps have the same.'),
    })
      .exactOptional()
      .describe('The registration API for this app; goes with `http` among the conventions.'),
    plaintext: values
      .choice(['withhold', 'forward'])
      .default('withhold')
      .describe('Whether sender and body that a server did not seal go to the provider.'),
    absentPriority: values
      .choice(['background', 'alert'])
      .default('background')
      .describe(
        'How a sealed notification without a priority is sent. Servers that seal know priorities, so by default it is not urgent.',
      ),
    unimportant: values
      .choice(['carry', 'bare', 'drop'])
      .default('carry')
      .describe(
        'What becomes of a sealed notification that is not to be shown (a chat state, a receipt, a subscription request): `carry`: a background push with its content, `bare`: one without, `drop`: none. `bare` for Siskin and Snikket for iOS, which crash on some of it. The end of a call is always carried.',
      ),
    ttl: values
      .duration('1s', '28d')
      .prefault('7d')
      .describe(
        'How long an alert is worth delivering. A week off-line is usual; FCM keeps nothing longer than 28 days.',
      ),
    backgroundInterval: values
      .duration('0s', '1h')
      .prefault('20s')
      .describe(
        "In this time, a registration gets at most one push that shows nothing: the first goes out at once; of those that follow, only the newest is sent. One run of an app's extension lasts about as long as the default.",
      ),
    inFlight: values
      .count(1, 2_000)
      .default(500)
      .describe('Pushes of this app on their way at a time. Half of the 1,000 streams that APNs allows a connection.'),
    endpoint: values
      .origin("the origin of a server in place of the provider's")
      .exactOptional()
      .describe("Server in place of the provider's own, for tests and private gateways."),
    ca: authorities(values, 'beside').exactOptional(),
    proxy: proxySetting(values, sources),
  };
}

type CommonKeys = z.output<z.ZodObject<ReturnType<typeof commonKeys>>>;

/** Adds the unit to the names of durations. Leaves `proxy` out when there is none. */
export function toCommon<Parsed extends CommonKeys>({ ttl, backgroundInterval, proxy, ...rest }: Parsed) {
  return { ...rest, ...inMs({ ttl, backgroundInterval }), ...(proxy && { proxy }) };
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
