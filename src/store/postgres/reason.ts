import { DatabaseError } from 'pg';
import { errorCode } from '../../telemetry/error-code.ts';
import type { StoreFault } from '../engine/fault.ts';

/** By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const reasons: Readonly<Record<string, string>> = {
  '08006': 'disconnected',
  '08P01': 'not-postgresql',
  '25006': 'read-only',
  '28000': 'access-denied',
  '28P01': 'access-denied',
  '3D000': 'no-database',
  '42501': 'no-privilege',
  '53100': 'disk-full',
  '53300': 'too-many-connections',
  '57014': 'timeout',
  '57P01': 'restarting',
  '57P02': 'restarting',
  '57P03': 'restarting',
};

/** Codes of Node's errors for addresses, sockets and certificates. */
const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'disconnected',
  EPIPE: 'disconnected',
  ENOENT: 'refused',
  ENOTFOUND: 'no-address',
  EAI_AGAIN: 'no-address',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'timeout',
  ENETUNREACH: 'timeout',
  ERR_TLS_CERT_ALTNAME_INVALID: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  CERT_HAS_EXPIRED: 'untrusted',
};

/** A word for an error of PostgreSQL or of the way there: safe to log, one of a limited set. */
export function postgresReason(error: unknown): string {
  const code = errorCode(error);
  if (error instanceof DatabaseError) return reasons[code] ?? 'database-error';
  if (codes[code]) return codes[code];
  const message = error instanceof Error ? error.message : '';
  // The driver gives these no code.
  if (/timeout/i.test(message)) return 'timeout';
  if (/SSL connections/i.test(message)) return 'no-tls';
  return /terminated|not queryable|closed/i.test(message) ? 'disconnected' : 'unknown';
}

/** Whether the database itself refused the statement. After any other error its connection cannot be used any more. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && error.severity !== 'FATAL' && error.severity !== 'PANIC';
}

/** Data that does not fit (class 22), a constraint (23), or a row too long for an index (54). */
export function isRowFault(error: unknown): boolean {
  return error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '');
}

export function postgresFault(error: unknown): StoreFault {
  return faultOf(postgresReason(error));
}

/** @param reason a word that `postgresReason` has */
export function faultOf(reason: string): StoreFault {
  return { reason, hint: hints[reason] ?? 'Look into the log of PostgreSQL.' };
}

const hints: Readonly<Record<string, string>> = {
  refused: 'Is PostgreSQL running, and does it listen at the host and port that store: names?',
  restarting: 'PostgreSQL starts or stops; connections come back by themselves.',
  disconnected: 'PostgreSQL ended the connection; others are opened by themselves.',
  'no-address': 'The name of the host under store: is not found in DNS.',
  'no-database': 'Make the database: createdb --owner USER DATABASE.',
  'access-denied': 'Check user and password under store:, and pg_hba.conf.',
  'no-privilege': 'The user under store: must own the database, or have CREATE on its schema.',
  'read-only': 'store: leads to a standby. Name the primary, or an address that follows it.',
  'disk-full': 'Make room on the file system of PostgreSQL.',
  'too-many-connections': 'Lower postgres: connections, or raise max_connections.',
  untrusted: 'Name the authority of its certificate under postgres: ca.',
  'no-tls': 'The server speaks no TLS. Turn it on there, or append ?sslmode=disable to the URL under store:.',
  timeout:
    'PostgreSQL does not answer in time: a firewall, an overloaded server, or a lock that another session holds.',
};
