/** HTTP proxies: the CONNECT method (RFC 9110 section 9.3.6) with Basic authentication (RFC 7617). */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../time/clock.ts';
import type { ProxySettings } from '../../core/app.ts';

/** Code of the error for a proxy that answers but refuses. No message contains the answer's status. */
export const proxyRefusal = 'SEALPOST_PROXY_REFUSED';

/** Code of the error for a proxy that cannot be reached or does not answer. */
export const proxyUnreachable = 'SEALPOST_PROXY_UNREACHABLE';

/** Milliseconds to open a tunnel, connecting to the proxy included. */
const tunnelWithinMs = 5_000;

/** The proxy to use for a server; undefined: none. */
export function proxyTo(hostname: string, port: number, proxy: ProxySettings | undefined): ProxySettings | undefined {
  if (!proxy) return undefined;
  const host = bareHost(hostname);
  return proxy.except.some((exception) => matches(exception, host, port)) ? undefined : proxy;
}

/**
 * Reads an entry of `NO_PROXY` as curl does: `*` means every host; a name, with or without a leading dot, means itself
 * and its subdomains; a port restricts the entry to it.
 */
function matches(exception: string, host: string, port: number): boolean {
  if (exception === '*') return true;
  const [, name = '', only] = /^(.*?)(?::(\d{1,5}))?$/.exec(isBareIpv6(exception) ? `[${exception}]` : exception) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const domain = bareHost(name).replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

const isBareIpv6 = (text: string) => /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(text);

function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/**
 * Opens a tunnel through the proxy. The TLS spoken over it is between Sealpost and the server alone.
 * @param done called once with the connection, or with an error of code `proxyRefusal` or `proxyUnreachable`
 */
export function openTunnel(
  {
    hostname,
    port,
    proxy: { url },
    clock,
  }: { hostname: string; port: number; proxy: ProxySettings; clock: Pick<Clock, 'after'> },
  done: (error: Error | null, socket?: Socket) => void,
): void {
  const proxy = new URL(url.reveal());
  const isTls = proxy.protocol === 'https:';
  const host = bareHost(hostname);
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const request = (isTls ? requestHttps : requestHttp)({
    host: bareHost(proxy.hostname),
    port: proxy.port === '' ? (isTls ? 443 : 80) : Number(proxy.port),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...credentialsOf(proxy) },
    // A tunnel carries one connection; an agent must not keep it.
    agent: false,
  });
  const cancel = clock.after(tunnelWithinMs, () => request.destroy(new Error('the proxy opened no tunnel in time')));
  request.once('error', (cause) => {
    cancel();
    done(Object.assign(new Error('the proxy cannot be reached', { cause }), { code: proxyUnreachable }));
  });
  request.once('connect', (response, socket: Socket, head) => {
    cancel();
    const isOpen = Math.floor((response.statusCode ?? 0) / 100) === 2;
    if (isOpen && head.length === 0) return done(null, socket);
    socket.destroy();
    done(Object.assign(new Error('the proxy refuses to connect to the provider'), { code: proxyRefusal }));
  });
  request.end();
}

function credentialsOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
