/** Reads the URL of a PostgreSQL database, and decides whether to use TLS. */

/** Hosts that are this machine: nobody listens in between. */
const localHosts: ReadonlySet<string> = new Set(['', 'localhost', '127.0.0.1', '[::1]']);

/** How a database is reached. */
export interface PostgresAddress {
  /** The URL without `sslmode`. */
  readonly url: string;
  /** Whether to speak TLS, and to verify the server's certificate and name. */
  readonly tls: boolean;
}

/**
 * Without `sslmode`, databases on other machines are spoken to over TLS: registrations hold device tokens. `disable`
 * turns TLS off; each other mode verifies the certificate, since encryption without that protects from nobody.
 * @returns undefined if it is no URL of a database
 */
export function parseAddress(text: string): PostgresAddress | undefined {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) return undefined;
  const mode = url.searchParams.get('sslmode');
  // A path to a folder is the place of a Unix socket.
  const host = url.searchParams.get('host') ?? url.hostname;
  url.searchParams.delete('sslmode');
  const isLocal = localHosts.has(host) || host.startsWith('/') || host.startsWith('%2F');
  return { url: url.href, tls: mode === null ? !isLocal : mode !== 'disable' };
}
