/** The service account at Google's OAuth server: developers.google.com/identity/protocols/oauth2/service-account. */
import { Agent } from 'node:https';
import { connect, type ConnectionOptions, getCACertificates } from 'node:tls';
import type { Credential, GoogleOAuthAccessToken } from 'firebase-admin/app';
import { JWT } from 'google-auth-library';
import type { ProxySettings } from '../../core/app.ts';
import type { Clock } from '../../time/clock.ts';
import { openTunnel, proxyTo } from '../transport/proxy.ts';
import type { ServiceAccount } from './service-account.ts';
import type { FcmApp } from './settings.ts';

const googleOrigin = 'https://oauth2.googleapis.com';
const messagingScope = 'https://www.googleapis.com/auth/firebase.messaging';

export interface GoogleCredentialOptions extends Pick<FcmApp, 'tokenEndpoint' | 'ca' | 'proxy'> {
  readonly account: ServiceAccount;
  readonly clock: Pick<Clock, 'after'>;
}

/** What firebase-admin takes for a credential; it asks anew each time and keeps no token. */
export interface GoogleCredential extends Credential {
  /**
   * Asks for an access token, once: whoever wants another attempt asks again.
   * @throws the error of google-auth-library, whose `response.status` tells a refusal from a fault of the way
   */
  getAccessToken(signal?: AbortSignal): Promise<GoogleOAuthAccessToken>;
}

export function googleCredential({
  account,
  tokenEndpoint,
  ca,
  proxy,
  clock,
}: GoogleCredentialOptions): GoogleCredential {
  const url = new URL('/token', tokenEndpoint ?? googleOrigin);
  // Always one of ours: without it the library would look for proxies by itself.
  const agent = agentThrough(url, proxy, ca, clock);
  return {
    async getAccessToken(signal) {
      signal?.throwIfAborted();
      // The library's own way to give up can throw where nobody catches it; without its sockets the request has failed.
      signal?.addEventListener('abort', () => agent.destroy(), { once: true });
      const client = new JWT({
        email: account.clientEmail,
        key: account.privateKey,
        scopes: [messagingScope],
        transporterOptions: { agent },
      });
      const { request, response } = client.transporter.interceptors;
      // The library knows one address, and retries by itself beyond any deadline of ours.
      const once = { retry: false, retryConfig: { retry: 0, noResponseRetries: 0 } };
      request.add({ resolved: (config) => Promise.resolve({ ...config, ...once, url }) });
      // It tells when the token ends by the machine's clock, which may be wrong; Google tells for how long it lives.
      let life: unknown;
      response.add({
        resolved(answer) {
          life = (answer.data as { readonly expires_in?: unknown } | null)?.expires_in;
          return Promise.resolve(answer);
        },
      });
      const { access_token: token } = await client.authorize();
      if (typeof token !== 'string' || typeof life !== 'number') throw new TypeError('an answer without access token');
      return { access_token: token, expires_in: life };
    },
  };
}

/** Connects to the OAuth server, verified under the name in its URL, through the proxy if one leads there. */
function agentThrough(
  { hostname, port: named }: URL,
  settings: ProxySettings | undefined,
  ca: string | undefined,
  clock: Pick<Clock, 'after'>,
): Agent {
  const agent = new Agent(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] });
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
