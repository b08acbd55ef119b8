import { RecentMap } from '../core/recent-map.ts';
import type { Environment, Registration } from '../core/registration.ts';
import { parseTokenNode } from '../providers/all.ts';
import { type Convention, serves } from './convention.ts';
import type { RawTokens, ReadTokens } from './token-nodes.ts';
import { isServerOrBareJid } from './publishers.ts';

/**
 * The raw-token convention (Monal): nothing is registered; the node is the device token, `pushModule` names the app.
 */

/** Clients without a `pushModule` are served by the app that has this id, if there is one. */
const DEFAULT_MODULE = 'default';

/** Name that no app can have. */
export const NO_APP = '';

/** How long a token is not tried again after the provider called it dead. */
const DEAD_FOR_MS = 86_400_000;

interface TokenState {
  readonly deadUntilMs?: number;
  readonly environment?: Environment;
}

/** A raw token has no known owner, so whoever knows it may publish. */
export const rawToken = {
  name: 'raw-token',
  commands: () => new Map(),
  features: () => [],
  findsAppById: true,
  needsApiToken: false,
  hasHttpRoutes: false,
  accountIsOptional: true,
  mayPublish: isServerOrBareJid,
  addressOf: () => ({ account: '' }),
  alertRule: () => 'every-time',
  readTokens: createRawTokens,
} as const satisfies Convention;

function createRawTokens(options: Parameters<ReadTokens>[0]): RawTokens {
  const { clock, limit, wereServed } = options;
  const apps = options.apps.filter((app) => serves(app, rawToken));
  const byModule = new Map(apps.flatMap((app) => app.ids.map((id) => [id, app] as const)));
  const byName = new Map(apps.map((app) => [app.name, app] as const));
  const states = new RecentMap<string, TokenState>(limit);

  function isDead(token: string): boolean {
    return (states.peek(token)?.deadUntilMs ?? -Infinity) > clock.monotonic();
  }

  return {
    read(node, { pushModule, app: name }) {
      const app = name === undefined ? byModule.get(pushModule ?? DEFAULT_MODULE) : byName.get(name);
      const isMistake = !app && name === undefined && (pushModule !== undefined || wereServed);
      if (isMistake) return parseTokenNode(node) === undefined ? undefined : registrationOf(node, NO_APP);
      const token = app && parseTokenNode(node, app.provider);
      if (!app || token === undefined || isDead(token)) return undefined;
      const { environment } = states.get(token) ?? {};
      states.set(token, environment ? { environment } : {});
      return registrationOf(token, app.name, environment);
    },
    removeDead(token) {
      if (!states.peek(token)) return false;
      states.set(token, { deadUntilMs: clock.monotonic() + DEAD_FOR_MS });
      return true;
    },
    revive(token) {
      if (isDead(token)) states.set(token, {});
    },
    isDead: (node) => isDead(node) || isDead(node.toLowerCase()),
    rememberEnvironment(token, environment) {
      if (!states.peek(token)) return false;
      states.set(token, { environment });
      return true;
    },
  };
}

function registrationOf(token: string, app: string, environment?: Environment): Registration {
  return {
    node: token,
    app,
    convention: rawToken.name,
    account: '',
    device: token,
    token,
    ...(environment && { environment }),
    // Any time of death that the provider states has to be later.
    registeredAtMs: 0,
  };
}
