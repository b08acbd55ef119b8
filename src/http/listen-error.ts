import type { ListenAddress } from './listener.ts';

/** A listener could not be opened. The message says where, why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** What the system's error means, and the way out, for the listener of a config key. */
const causes: Readonly<Record<string, (key: string, port: number) => readonly [string, string]>> = {
  EADDRINUSE: (key, port) => [
    'another process has this port',
    `End that process (ss -ltnp 'sport = :${port}' shows it), or name another port under ${key}.port.`,
  ],
  EACCES: (key) => [
    'the user that Sealpost runs as may not open this port',
    `Name a port above 1023 under ${key}.port, or grant CAP_NET_BIND_SERVICE.`,
  ],
  EADDRNOTAVAIL: (key) => [
    'this machine does not have this address',
    `Name an address of this machine under ${key}.host: 127.0.0.1 for this machine alone, 0.0.0.0 or :: for all of its addresses.`,
  ],
  ENOTFOUND: (key) => ['the name of the host is not found', `Name an address of this machine under ${key}.host.`],
};

/**
 * Waits for a listener to open.
 * @param key of the config that names its address
 * @throws ListenError if the address is not available
 */
export async function opening<T>(key: string, { host, port }: ListenAddress, listener: Promise<T>): Promise<T> {
  try {
    return await listener;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const explain = typeof code === 'string' && Object.hasOwn(causes, code) ? causes[code] : undefined;
    if (!explain) throw error;
    const [cause, hint] = explain(key, port);
    const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new ListenError(`${key}: cannot listen on ${where}: ${cause} (${String(code)})\n    ${hint}`, {
      cause: error,
    });
  }
}
