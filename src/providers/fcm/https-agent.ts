/** An agent of node:https for Google's libraries, which have fixed addresses and look for proxies by themselves. */
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, getCACertificates } from 'node:tls';
import type { ProxySettings } from '../../core/app.ts';
import type { Clock } from '../../time/clock.ts';
import { openTunnel, proxyTo } from '../transport/proxy.ts';

export interface AgentOptions {
  /** Origin of the server. */
  readonly url: URL;
  readonly proxy?: ProxySettings | undefined;
  /** PEM of certificate authorities trusted besides the system's. */
  readonly ca?: string | undefined;
  readonly clock: Pick<Clock, 'after'>;
}

/** Connects to this server, whatever host a request names, through the proxy if one is set. TLS verifies the server's name. */
export function agentTo({ url, proxy: settings, ca, clock }: AgentOptions): Agent {
  const agent = new Agent(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] });
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 443 : Number(url.port);
  const proxy = proxyTo(hostname, port, settings);
  agent.createConnection = (given, callback) => {
    const options: ConnectionOptions = {
      ...(given as ConnectionOptions),
      ...{ host: hostname, port, servername: isIP(hostname) === 0 ? hostname : '' },
    };
    if (!proxy) return connect(options);
    openTunnel({ hostname, port, proxy, clock }, (error, socket) => {
      if (socket) callback?.(null, connect({ ...options, socket }));
      else callback?.(error, undefined as never);
    });
    return undefined;
  };
  return agent;
}
