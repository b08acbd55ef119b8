/** HTTP proxies: the CONNECT method, RFC 9110 section 9.3.6, with Basic authentication, RFC 7617. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../time/clock.ts';
import type { ProxySettings } from '../../core/app.ts';

/** Code of the error when a proxy answers and does not lead on; the answer's status is part of no message. */
export const proxyRefusal = 'SEALPOST_PROXY_REFUSED';

/** Milliseconds until a proxy is given up, its own connecting included. */
const tunnelWithinMs = 5_000;

/** The proxy that leads to a server, if one does. */
export function proxyTo(hostname: string, port: number, proxy: ProxySettings | undefined): ProxySettings | undefined {
  if (!proxy) return undefined;
  const host = bareHost(hostname);
  return proxy.except.some((exception) => isMeant(exception, host, port)) ? undefined : proxy;
}

/**
 * As curl reads an entry of `NO_PROXY`: `*` is every host, a name stands for itself and all below it, with or without a
 * dot before it; a port narrows it down.
 */
function isMeant(exception: string, host: string, port: number): boolean {
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
 * Asks for a connection to a server that the proxy makes. What is spoken over it, TLS with a client certificate too, is
 * between the two ends alone.
 * @param done is called once: with an error of the system or of the code `proxyRefusal`, or with the connection
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
  const asking = (isTls ? requestHttps : requestHttp)({
    host: bareHost(proxy.hostname),
    port: proxy.port === '' ? (isTls ? 443 : 80) : Number(proxy.port),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...credentialsOf(proxy) },
    // A tunnel is for one connection; no agent is to keep it.
    agent: false,
  });
  const cancel = clock.after(tunnelWithinMs, () =>
    asking.destroy(Object.assign(new Error('no tunnel in time'), { code: 'ETIMEDOUT' })),
  );
  asking.once('error', (error) => {
    cancel();
    done(error);
  });
  asking.once('connect', (response, socket: Socket, head) => {
    cancel();
    const isOpen = Math.floor((response.statusCode ?? 0) / 100) === 2;
    if (isOpen && head.length === 0) return done(null, socket);
    socket.destroy();
    done(Object.assign(new Error('the proxy does not lead to the provider'), { code: proxyRefusal }));
  });
  asking.end();
}

function credentialsOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
