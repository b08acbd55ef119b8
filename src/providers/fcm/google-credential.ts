/** The service account, by `firebase-admin`: it reads the file, signs the assertion and asks Google's OAuth server. */
import { Agent, type AgentOptions } from 'node:https';
import { getCACertificates } from 'node:tls';
import { cert, type Credential } from 'firebase-admin/app';
import type { FcmApp } from '../../push.ts';
import type { AccessToken } from './access-tokens.ts';

const oauthHost = 'oauth2.googleapis.com';

/**
 * Asks for an access token other than the `previous` one, which the library may still hold. After a failure, or for a
 * token that Google refused, the file is read anew: the operator may have replaced it.
 * @returns a function that rejects with the library's error.
 */
export function googleTokenSource({
  serviceAccountFile,
  tokenEndpoint,
  ca,
}: Pick<FcmApp, 'serviceAccountFile' | 'tokenEndpoint' | 'ca'>): (
  previous: string | undefined,
) => Promise<AccessToken> {
  const agent =
    tokenEndpoint === undefined && ca === undefined ? undefined : new Agent(agentOptions(tokenEndpoint, ca));
  // Kept while it serves: for every new one the library prints a notice about itself.
  let credential: Credential | undefined;

  async function ask(): Promise<AccessToken> {
    credential ??= freshCredential(serviceAccountFile, agent);
    const { access_token: token, expires_in: lifeSeconds } = await credential.getAccessToken();
    return { token, lifeMs: lifeSeconds * 1000 };
  }

  return async (previous) => {
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

/**
 * `cert` hands out one credential per path for the life of the process, with its first agent, key and token. So this
 * one only inherits from it: the three fields are what the library fills as it goes (14.5), and starting empty it reads
 * the file and asks Google again. The tests of revoked tokens and replaced files fail if that ever changes.
 */
function freshCredential(path: string, agent: Agent | undefined): Credential {
  const fresh = Object.create(cert(path, agent)) as Credential;
  return Object.assign(fresh, { httpAgent: agent, googleAuth: undefined, authClient: undefined });
}

/** The library ignores the account's `token_uri`; an agent whose options win leads it elsewhere. */
function agentOptions(tokenEndpoint: string | undefined, ca: string | undefined): AgentOptions {
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  if (tokenEndpoint === undefined) return trusted;
  const { hostname, port } = new URL(tokenEndpoint);
  return { ...trusted, host: hostname, port: port === '' ? 443 : Number(port), servername: oauthHost };
}
