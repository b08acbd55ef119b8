/** Why a connection to a provider could not be made, or broke, told by the code of the error and never by its message. */
import { proxyRefusal, proxyUnreachable } from './proxy.ts';

/** Reasons for which no connection can be made at all: somebody has to mend a network, a name, a trust or a proxy. */
const unconnectedReasons = [
  'connection-refused',
  'no-address',
  'host-unreachable',
  'connect-timeout',
  'untrusted',
  'proxy',
  'proxy-unreachable',
] as const;

/**
 * `connection-refused`: nothing listens there, or a firewall rejects. `no-address`: DNS knows no address of the host.
 * `host-unreachable`: there is no route. `connect-timeout`: no answer, as behind a firewall that drops. `untrusted`: the
 * certificate is of an unknown authority, another host or another time. `proxy`: the proxy refused. `proxy-unreachable`:
 * the proxy could not be reached. `connection`: the connection broke, or anything else.
 */
export type ConnectionFailure = Unconnected | 'connection';

/** Why no connection can be made at all. */
export type Unconnected = (typeof unconnectedReasons)[number];

/** Whether a reason says that no connection could be made at all. */
export function isUnconnected(reason: string): reason is Unconnected {
  return (unconnectedReasons as readonly string[]).includes(reason);
}

/** Verification errors of OpenSSL as Node names them, and of the host name by Node itself. */
const untrustedCodes = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Reads the `code` of an error of Node, undici or our proxy tunnel. */
export function connectionFailureOf(error: unknown): ConnectionFailure {
  const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof code !== 'string') return 'connection';
  if (untrustedCodes.has(code)) return 'untrusted';
  if (code.startsWith('EAI_')) return 'no-address';
  switch (code) {
    case proxyRefusal:
      return 'proxy';
    case proxyUnreachable:
      return 'proxy-unreachable';
    case 'ECONNREFUSED':
      return 'connection-refused';
    case 'ENOTFOUND':
      return 'no-address';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'host-unreachable';
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connect-timeout';
    // A connection that was open can time out as well.
    case 'ETIMEDOUT':
      return syscall === 'read' || syscall === 'write' ? 'connection' : 'connect-timeout';
    default:
      return 'connection';
  }
}
