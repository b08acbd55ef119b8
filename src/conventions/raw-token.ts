import type { Environment, Registration } from '../core/registration.ts';
import { parseTokenNode } from '../providers/all.ts';
import { type Convention, serves } from './convention.ts';
import type { RawTokens, ReadTokens } from './token-nodes.ts';
import { isServerOrBareJid } from './publishers.ts';

/**
 * The raw-token convention (Monal): nothing is registered, a node is the device's token itself and `pushModule` of the
 * publish-options names the app.
 */

/** Name under which clients of this convention that send no `pushModule` are served, if an app has it among its ids. */
const DEFAULT_MODULE = 'default';

/** No app can have this name. */
export const NO_APP = '';

/** How long a token that the provider called dead is not tried again. */
export const DEAD_FOR_MS = 86_400_000;

interface Memory {
  readonly deadUntilMs?: number;
  readonly environment?: Environment;
}

/** Nothing says whose a raw token is, so that knowing it has to do. */
export const rawToken = {
  name: 'raw-token',
  commands: () => new Map(),
  features: () => [],
  findsAppById: true,
  needsApiToken: false,
  accountIsOptional: true,
  mayPublish: isServerOrBareJid,
  addressOf: () => ({ account: '' }),
  alertRule: () => 'every-time',
  readTokens: createRawTokens,
} as const satisfies Convention;

function createRawTokens(options: Parameters<ReadTokens>[0]): RawTokens {
  const { clock, limit } = options;
  const apps = options.apps.filter((app) => serves(app, rawToken));
  const byModule = new Map(apps.flatMap((app) => app.ids.map((id) => [id, app] as const)));
  const byName = new Map(apps.map((app) => [app.name, app] as const));
  /** In the order of the latest reading. */
  const memories = new Map<string, Memory>();

  function remember(token: string, memory: Memory): void {
    memories.delete(token);
    memories.set(token, memory);
    if (memories.size > limit) forgetStalest();
  }

  /** A tenth at a time: to find the first entry of a map costs as much as many were deleted before it. */
  function forgetStalest(): void {
    let surplus = Math.ceil(limit / 10);
    for (const token of memories.keys()) {
      if (surplus === 0) return;
      surplus -= 1;
      memories.delete(token);
    }
  }

  function isDead(token: string): boolean {
    return (memories.get(token)?.deadUntilMs ?? -Infinity) > clock.monotonic();
  }

  return {
    read(node, { pushModule, app: name }) {
      const app = name === undefined ? byModule.get(pushModule ?? DEFAULT_MODULE) : byName.get(name);
      const isMistake = !app && name === undefined && (pushModule !== undefined || apps.length > 0);
      if (isMistake) return parseTokenNode(node) === undefined ? undefined : registrationOf(node, NO_APP);
      const token = app && parseTokenNode(node, app.provider);
      if (!app || token === undefined || isDead(token)) return undefined;
      const { environment } = memories.get(token) ?? {};
      remember(token, environment ? { environment } : {});
      return registrationOf(token, app.name, environment);
    },
    removeDead(token) {
      if (!memories.has(token)) return false;
      remember(token, { deadUntilMs: clock.monotonic() + DEAD_FOR_MS });
      return true;
    },
    revive(token) {
      if (isDead(token)) remember(token, {});
    },
    isDead: (node) => isDead(node) || isDead(node.toLowerCase()),
    rememberEnvironment(token, environment) {
      if (!memories.has(token)) return false;
      remember(token, { environment });
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
    // Whenever the provider says that it died, it was after that.
    registeredAtMs: 0,
  };
}
