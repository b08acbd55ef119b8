/** Access tokens from Google's OAuth server: developers.google.com/identity/protocols/oauth2/service-account. */
import type { Credential, GoogleOAuthAccessToken } from 'firebase-admin/app';
import { JWT } from 'google-auth-library';
import type { Clock } from '../../time/clock.ts';
import { agentTo } from './https-agent.ts';
import type { ServiceAccount } from './service-account.ts';
import type { FcmApp } from './settings.ts';

const googleOrigin = 'https://oauth2.googleapis.com';
const messagingScope = 'https://www.googleapis.com/auth/firebase.messaging';

export interface GoogleCredentialOptions extends Pick<FcmApp, 'tokenEndpoint' | 'ca' | 'proxy'> {
  readonly account: ServiceAccount;
  /** Called with the `Date` of each answer, a refusal included. */
  readonly onDate?: (date: unknown) => void;
  readonly clock: Pick<Clock, 'after'>;
}

/** A credential for firebase-admin. Each call asks Google; no token is kept. */
export interface GoogleCredential extends Credential {
  /**
   * Asks for an access token once, without retry.
   * @throws the error of google-auth-library; its `response.status` tells a refusal from a failed connection
   */
  getAccessToken(signal?: AbortSignal): Promise<GoogleOAuthAccessToken>;
}

/** Makes the credential of a service account. Connects on each call only. */
export function googleCredential({
  account,
  tokenEndpoint,
  ca,
  proxy,
  onDate,
  clock,
}: GoogleCredentialOptions): GoogleCredential {
  const url = new URL('/token', tokenEndpoint ?? googleOrigin);
  // Always set, since the library would otherwise look for proxies by itself.
  const agent = agentTo({ url, proxy, ca, clock });
  return {
    async getAccessToken(signal) {
      signal?.throwIfAborted();
      // The library's own abort can throw where nobody catches it. Destroying its sockets makes the request fail.
      signal?.addEventListener('abort', () => agent.destroy(), { once: true });
      const client = new JWT({
        email: account.clientEmail,
        key: account.privateKey,
        scopes: [messagingScope],
        transporterOptions: { agent },
      });
      const { request, response } = client.transporter.interceptors;
      // The library has a fixed address, and retries that ignore our deadline.
      const once = { retry: false, retryConfig: { retry: 0, noResponseRetries: 0 } };
      request.add({ resolved: (config) => Promise.resolve({ ...config, ...once, url }) });
      // The library computes the token's end with the machine's clock, which may be wrong. Google states its lifetime.
      let life: unknown;
      response.add({
        resolved(answer) {
          onDate?.(answer.headers.get('date'));
          life = (answer.data as { readonly expires_in?: unknown } | null)?.expires_in;
          return Promise.resolve(answer);
        },
      });
      const { access_token: token } = await client.authorize().catch((error: unknown) => {
        const { response: refusal } = error as {
          readonly response?: { readonly headers?: { get?(name: string): unknown } };
        };
        onDate?.(refusal?.headers?.get?.('date'));
        throw error;
      });
      if (typeof token !== 'string' || typeof life !== 'number') throw new TypeError('an answer without access token');
      return { access_token: token, expires_in: life };
    },
  };
}
