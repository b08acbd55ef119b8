import { z } from 'zod';
import type { Secret } from '../core/secret.ts';
import { apnsCertificate, apnsKey, authorities, fcmServiceAccount } from './credentials.ts';
import { withHint } from './problems.ts';
import { proxySetting } from './proxy.ts';
import { section, type Sources, type ValueKinds } from './values.ts';

/** Fit for a metric label, a log field and a path of the admin API. */
const APP_NAME = /^[a-z0-9_-]{1,40}$/;
/** Large enough for any vendor, small enough that no list is unbounded. */
const MAX_APPS = 100;
const MAX_IDS = 100;
/** Conventions whose registrations and publishes find their app by id alone. */
const FOUND_BY_ID = ['tigase', 'raw-token'] as const;

/** `apps:`: a map from names to APNs and FCM apps. */
export function appsSchema(values: ValueKinds, sources: Sources) {
  const app = z.discriminatedUnion('provider', [apnsApp(values, sources), fcmApp(values, sources)], {
    error: ({ code }) =>
      code === 'invalid_union' ? 'expected one of: apns, fcm' : 'expected a map with provider: apns or fcm',
  });
  return z
    .record(z.string(), app, {
      error: withHint(
        'expected a map with at least one app',
        'Its keys are names of your choice: apps: { NAME: { provider: apns, … } }.',
      ),
    })
    .superRefine(checkApps, { when: ({ value }) => typeof value === 'object' && value !== null });
}

export type ParsedApp = z.output<ReturnType<typeof appsSchema>>[string];

function commonKeys(values: ValueKinds, sources: Sources) {
  return {
    /** Provider ids that clients register with (disco features), or the accepted `pushModule` names. */
    ids: z
      .array(values.text('an id without white space', /^\S{1,200}$/), { error: 'expected a list of ids' })
      .min(1, { error: 'expected at least one id' })
      .max(MAX_IDS, { error: `more than ${MAX_IDS} ids` }),
    /** How clients come to their nodes; `http`: your own do, over the registration API. Default: what Siskin, Snikket and Stork do. */
    conventions: z
      .array(values.choice(['tigase', 'p2', 'v1', 'raw-token', 'http']), { error: 'expected a list of conventions' })
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
    /** Pushes on their way at a time. Default: half of the 1000 streams that APNs allows a connection. */
    inFlight: values.count(1, 2_000).default(500),
    /** Gateway in place of the provider's own servers. */
    endpoint: values.origin("the origin of a server in place of the provider's").optional(),
    /** Authorities trusted for this app beside the system's. */
    ca: authorities(values).optional(),
    /** HTTP proxy on the way to the provider. */
    proxy: proxySetting(values, sources),
  };
}

function apnsApp(values: ValueKinds, sources: Sources) {
  return section({
    provider: z.literal('apns'),
    ...commonKeys(values, sources),
    /** Bundle id. */
    topic: values.text("the app's bundle id, without .voip at its end", /^(?!.*\.voip$)[A-Za-z0-9.-]{1,255}$/),
    key: apnsKey(values).optional(),
    cert: apnsCertificate(values).optional(),
    /** `auto`: development builds and released ones register alike; the right one is found by trying. */
    environment: values.choice(['production', 'sandbox', 'auto']).default('production'),
    /** What is shown where nothing on the device replaces it. */
    alert: wording(values, 'New message!'),
    /** The same for a call to a device without PushKit token. */
    call: wording(values, 'Incoming call'),
  }).superRefine(checkCredentials, { when: ({ value }) => typeof value === 'object' && value !== null });
}

function fcmApp(values: ValueKinds, sources: Sources) {
  return section({
    provider: z.literal('fcm'),
    ...commonKeys(values, sources),
    serviceAccount: fcmServiceAccount(values, sources.readFile),
    /** Of the pushes with the same key that wait for a device, FCM delivers the last. Default: none, all are delivered. */
    collapseKey: values.text('a collapse key of at most 64 characters', /^\S{1,64}$/).optional(),
    /** OAuth server in place of Google's; path `/token`. */
    tokenEndpoint: values.origin("the origin of an OAuth server in place of Google's").optional(),
  });
}

/** @param body what is shown when the config names neither text nor localisation key */
function wording(values: ValueKinds, body: string) {
  return section({
    title: values.text('a title').optional(),
    body: values.text('the text shown').optional(),
    /** Keys into the app's own localisation. */
    titleLocKey: values.text("a key of the app's localisation").optional(),
    locKey: values.text("a key of the app's localisation").optional(),
    /** Name of a sound in the app; `none`: silent. */
    sound: values.text('the name of a sound').default('default'),
    /** Notification category that the app has declared: its actions. */
    category: values.text('a notification category').optional(),
  })
    .transform(({ sound, ...words }) => ({
      ...words,
      ...(words.body === undefined && words.locKey === undefined && { body }),
      ...(sound !== 'none' && { sound }),
    }))
    .prefault({});
}

/** Tolerates values that other checks have refused. */
function checkCredentials(app: { key?: unknown; cert?: unknown }, context: z.RefinementCtx): void {
  const given = Number(app.key !== undefined) + Number(app.cert !== undefined);
  if (given === 1) return;
  context.addIssue(
    withHint(
      given === 0 ? 'has neither key nor cert' : 'has both key and cert',
      'APNs needs one of them: key: { file: certs/AuthKey_ID.p8, id: …, team: … }, which never expires, or cert: { file: … }.',
    ),
  );
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

/** Neither works without the other, and which app is meant must be plain. Tolerates values that other checks have refused. */
function checkApis(apps: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const owners = new Map<string, string>();
  for (const [name, app] of Object.entries(apps)) {
    const { conventions, api } = apiOf.safeParse(app).data ?? { conventions: [], api: undefined };
    const problem = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path: [name, ...path], message });
    if (conventions.includes('http') && api === undefined) {
      const hint = 'Add api: { token: { file: … } }, the bearer token that the requests carry.';
      problem(['conventions'], withHint('has http, and there is no token for it', hint));
    }
    if (api !== undefined && conventions.length > 0 && !conventions.includes('http')) {
      problem(['api'], withHint('is of no use without http among the conventions', 'Add http to conventions.'));
    }
    const token = tokenOf.safeParse(api).data?.token.reveal();
    if (token === undefined) continue;
    const owner = owners.get(token);
    if (owner !== undefined) problem(['api', 'token'], `app ${owner} has the same, so requests could mean either`);
    owners.set(token, name);
  }
}

const apiOf = z.object({ conventions: z.array(z.string()), api: z.unknown().optional() });
const tokenOf = z.object({
  token: z.custom<Secret>((value) => typeof (value as Secret | null)?.reveal === 'function'),
});

/** What no app can see by itself. Tolerates values that other checks have refused. */
function checkApps(apps: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const names = Object.keys(apps);
  if (names.length === 0) context.addIssue('expected at least one app');
  if (names.length > MAX_APPS) context.addIssue(`more than ${MAX_APPS} apps`);
  checkApis(apps, context);
  const owners = new Map<string, string>();
  for (const [name, app] of Object.entries(apps)) {
    if (!APP_NAME.test(name)) {
      context.addIssue({ code: 'custom', path: [name], message: 'a name has 1 to 40 of a-z, 0-9, _ and -' });
    }
    const { ids, conventions } = idsOf.safeParse(app).data ?? { ids: [], conventions: [] };
    for (const convention of FOUND_BY_ID.filter((one) => conventions.includes(one))) {
      for (const [i, id] of ids.entries()) {
        const owner = owners.get(`${convention} ${id}`);
        if (owner === undefined) {
          owners.set(`${convention} ${id}`, name);
          continue;
        }
        context.addIssue({
          code: 'custom',
          path: [name, 'ids', i],
          message:
            owner === name
              ? 'the same id stands twice in this list'
              : `app ${owner} has the same id, so a client that registers with it could mean either`,
        });
      }
    }
  }
}

const idsOf = z.object({ ids: z.array(z.string()), conventions: z.array(z.string()) });
