/** What an operator can do when a provider cannot be reached or does not answer. */
import { isUnconnected, type Unconnected } from './transport/connection-failure.ts';
import type { TransportFailure } from './transport/contract.ts';

type Reason = TransportFailure['reason'];

const proxy = 'check proxy of the app, HTTPS_PROXY and NO_PROXY';

const hints: Readonly<Record<Reason, string>> = {
  'connection-refused':
    'nothing listens at the host and port of the provider, or a firewall rejects: allow connections out to it (APNs: api.push.apple.com, FCM: fcm.googleapis.com and oauth2.googleapis.com, port 443), and check endpoint of the app',
  'no-address': 'DNS knows no address of the host: check the resolver of this machine, and endpoint of the app',
  'host-unreachable': 'this machine has no route to the host of the provider: check its network',
  'connect-timeout':
    'the host of the provider does not answer: a firewall probably drops connections out to it (APNs: api.push.apple.com, FCM: fcm.googleapis.com and oauth2.googleapis.com, port 443)',
  untrusted:
    'the certificate shown is not trusted: update the authorities of this machine (ca-certificates), name those of a gateway under ca of the app, and check the clock of this machine; something between may pose as the provider',
  proxy: `the HTTP proxy refuses to connect to the provider: allow its host there; ${proxy}`,
  'proxy-unreachable': `the HTTP proxy cannot be reached or does not answer: ${proxy}`,
  connection: 'the connection broke: check the network, and the status page of the provider if it goes on',
  timeout: 'the provider answered too late: check the network, and the status page of the provider',
  closed: 'Sealpost is ending',
  invalid: 'the request could not be written: report it with the log',
};

const oauthHints: Readonly<Record<string, string>> = {
  'oauth-timeout':
    'the OAuth server of Google answered too late: allow connections out to oauth2.googleapis.com, port 443',
  'oauth-unavailable':
    'the OAuth server of Google fails or does not answer: allow connections out to oauth2.googleapis.com, port 443, and look at the status page of Google Cloud',
};

const oauthPrefix = 'oauth-';

/** What becomes of a reason when the OAuth server, and not FCM, could not be reached. */
export const ofOauthServer = (reason: Unconnected): string => `${oauthPrefix}${reason}`;

/** What to do about a reason that a transport or the OAuth server's connection gave; undefined for reasons of providers. */
export function hintForConnection(reason: string): string | undefined {
  const bare = withoutPrefix(reason);
  if (Object.hasOwn(oauthHints, reason)) return oauthHints[reason];
  return Object.hasOwn(hints, bare) ? hints[bare as Reason] : undefined;
}

/** Whether the reason says that no connection could be made at all, so that no push of the app can succeed. */
export function cannotConnect(reason: string): boolean {
  return isUnconnected(withoutPrefix(reason));
}

function withoutPrefix(reason: string): string {
  return reason.startsWith(oauthPrefix) ? reason.slice(oauthPrefix.length) : reason;
}
