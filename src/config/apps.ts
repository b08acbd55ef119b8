import { z } from 'zod';
import { conventions as knownConventions } from '../conventions/all.ts';
import type { Secret } from '../core/secret.ts';
import { appSections, type AppSettings, providerNames } from '../providers/all.ts';
import { withHint } from './kinds/problems.ts';
import type { Sources, ValueKinds } from './kinds/values.ts';

/** Fit for a metric label, a log field and a path of the admin API. */
const APP_NAME = /^[a-z0-9_-]{1,40}$/;
/** Large enough for any vendor, small enough that no list is unbounded. */
const MAX_APPS = 100;

const conventionNames = knownConventions.map(({ name }) => name) as [string, ...string[]];

/** `apps:`: a map from names to APNs and FCM apps. */
export function appsSchema(values: ValueKinds, sources: Sources) {
  const sections = appSections({ values, sources, conventions: conventionNames });
  const app = z.discriminatedUnion('provider', sections, {
    error: ({ code }) =>
      code === 'invalid_union'
        ? `expected one of: ${providerNames.join(', ')}`
        : `expected a map with provider: ${providerNames.join(' or ')}`,
  });
  return z
    .record(z.string(), app, {
      error: withHint(
        'expected a map with at least one app',
        'Its keys are names of your choice: apps: { NAME: { provider: apns, … } }.',
      ),
    })
    .superRefine(checkApps, { when: ({ value }) => typeof value === 'object' && value !== null })
    .transform((apps): readonly AppSettings[] => Object.entries(apps).map(([name, one]) => ({ ...one, name })))
    .describe(`The mobile apps, at most ${MAX_APPS}, each by a name of 1 to 40 characters from a-z, 0-9, _ and -.`);
}

/** `api` and the conventions that need its token require each other, and no two apps may have the same token. Tolerates values that other checks have refused. */
function checkApis(apps: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const owners = new Map<string, string>();
  for (const [name, app] of Object.entries(apps)) {
    const { conventions, api } = apiOf.safeParse(app).data ?? { conventions: [], api: undefined };
    const problem = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path: [name, ...path], message });
    const needing = neededBy.find((convention) => conventions.includes(convention));
    if (needing !== undefined && api === undefined) {
      const hint = 'Add api: { token: { file: … } }, the bearer token that the requests carry.';
      problem(['conventions'], withHint(`includes ${needing}, which needs an API token`, hint));
    }
    if (api !== undefined && conventions.length > 0 && needing === undefined) {
      const names = neededBy.join(' or ');
      problem(['api'], withHint(`is of no use without ${names} among the conventions`, `Add ${names} to conventions.`));
    }
    const token = tokenOf.safeParse(api).data?.token.reveal();
    if (token === undefined) continue;
    const owner = owners.get(token);
    if (owner !== undefined)
      problem(['api', 'token'], `app ${owner} has the same token, so a request could mean either app`);
    owners.set(token, name);
  }
}

const neededBy = knownConventions.filter(({ needsApiToken }) => needsApiToken).map(({ name }) => name);
const apiOf = z.object({ conventions: z.array(z.string()), api: z.unknown().optional() });
const tokenOf = z.object({
  token: z.custom<Secret>((value) => typeof (value as Secret | null)?.reveal === 'function'),
});

/** Checks that compare apps with each other. Tolerates values that other checks have refused. */
function checkApps(apps: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const names = Object.keys(apps);
  if (names.length === 0) context.addIssue('expected at least one app');
  if (names.length > MAX_APPS) context.addIssue(`more than ${MAX_APPS} apps`);
  checkApis(apps, context);
  const owners = new Map<string, string>();
  for (const [name, app] of Object.entries(apps)) {
    if (!APP_NAME.test(name)) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'an app name has 1 to 40 characters from a-z, 0-9, _ and -',
      });
    }
    const { ids, conventions } = idsOf.safeParse(app).data ?? { ids: [], conventions: [] };
    for (const convention of namedById.filter((one) => conventions.includes(one))) {
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

const namedById = knownConventions.filter(({ findsAppById }) => findsAppById).map(({ name }) => name);
const idsOf = z.object({ ids: z.array(z.string()), conventions: z.array(z.string()) });
