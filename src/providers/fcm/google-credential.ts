/** The service account, by `firebase-admin`: it signs the assertion and asks Google's OAuth server. */
import { Agent, type AgentOptions } from 'node:https';
import { connect, type ConnectionOptions, getCACertificates } from 'node:tls';
import { cert, type Credential } from 'firebase-admin/app';
import type { Clock } from '../../time/clock.ts';
import type { FcmApp } from './settings.ts';
import type { ProxySettings } from '../../core/app.ts';
import { openTunnel, proxyTo } from '../transport/proxy.ts';
import type { AccessToken } from './access-tokens.ts';
import type { ServiceAccount } from './service-account.ts';

const oauthHost = 'oauth2.googleapis.com';

/**
 * Asks for an access token other than the `previous` one, which the library may still hold; given up with the signal.
 * Rejects with the library's error.
 */
export type TokenSource = (previous: string | undefined, signal: AbortSignal) => Promise<AccessToken>;

export interface TokenSourceOptions extends Pick<FcmApp, 'tokenEndpoint' | 'ca' | 'proxy'> {
  readonly account: ServiceAccount;
  readonly clock: Pick<Clock, 'after'>;
}

export function googleTokenSource({ account, tokenEndpoint, ca, proxy, clock }: TokenSourceOptions): TokenSource {
  // Always one of ours: without it the library would look for proxies by itself.
  const origin = tokenEndpoint ?? `https://${oauthHost}`;
  const agent = agentThrough(proxy, { origin, clock }, agentOptions(tokenEndpoint, ca));
  let credential: Credential | undefined;

  async function ask(): Promise<AccessToken> {
    credential ??= freshCredential(account, agent);
    const { access_token: token, expires_in: lifeSeconds } = await credential.getAccessToken();
    return { token, lifeMs: lifeSeconds * 1000 };
  }

  return async (previous, signal) => {
    // The library has no limit of its own and lets everybody wait for the one request that is on its way.
    signal.addEventListener('abort', () => {
      credential = undefined;
      agent.destroy();
    });
    try {
      const first = await ask();
      if (first.token !== previous) return first;
      credential = undefined;
      return await ask();
    } catch (error) {
      credential = undefined;
      throw error;
    }
  };
}

/** What the library (14.5) fills of its credential as it goes. */
interface Inside extends Credential {
  googleAuth: unknown;
  authClient: { readonly transporter: { readonly defaults: { agent?: Agent } } };
  getGoogleAuth(): unknown;
}

/**
 * `cert` hands out one credential per account for the life of the process, with its first token. So this one only
 * inherits from it, and starting empty asks Google again. Given the account's path in place of its content, the library
 * would read the file whenever it liked, while it is being replaced too; given the content it forgets the agent. The
 * tests of revoked tokens, replaced files and other OAuth servers fail if any of that ever changes.
 */
function freshCredential({ projectId, clientEmail, privateKey }: ServiceAccount, agent: Agent): Credential {
  const shared = cert({ projectId, clientEmail, privateKey });
  const fresh = Object.create(shared) as Inside;
  fresh.googleAuth = undefined;
  withoutNotice(() => fresh.getGoogleAuth());
  fresh.authClient.transporter.defaults.agent = agent;
  return fresh;
}

/** Of the library below, for developers: firebase-admin calls what it advises against. */
const notice = 'The `fromJSON` method is deprecated.';

/** Calls a synchronous function; only that one notice does not reach standard error meanwhile. */
/* oxlint-disable no-console -- the library writes there */
function withoutNotice(construct: () => unknown): void {
  const warn = console.warn;
  console.warn = (...texts: unknown[]) => {
    if (!(typeof texts[0] === 'string' && texts[0].startsWith(notice))) warn(...texts);
  };
  try {
    construct();
  } finally {
    console.warn = warn;
  }
}
/* oxlint-enable no-console */

function agentThrough(
  settings: ProxySettings | undefined,
  { origin, clock }: { readonly origin: string; readonly clock: Pick<Clock, 'after'> },
  options: AgentOptions,
): Agent {
  const agent = new Agent(options);
  const { hostname, port: named } = new URL(origin);
  const port = named === '' ? 443 : Number(named);
  const proxy = proxyTo(hostname, port, settings);
  if (!proxy) return agent;
  agent.createConnection = (given, callback) => {
    openTunnel({ hostname, port, proxy, clock }, (error, socket) => {
      if (socket) callback?.(null, connect({ ...(given as ConnectionOptions), socket }));
      else callback?.(error, undefined as never);
    });
    return undefined;
  };
  return agent;
}

/** The library ignores the account's `token_uri`; an agent whose options win leads it elsewhere. */
function agentOptions(tokenEndpoint: string | undefined, ca: string | undefined): AgentOptions {
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  if (tokenEndpoint === undefined) return trusted;
  const { hostname, port } = new URL(tokenEndpoint);
  return { ...trusted, host: hostname, port: port === '' ? 443 : Number(port), servername: oauthHost };
}
