import type { Config } from '../config/config.ts';
import type { Finding, PartFinding } from '../core/finding.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { tryHandshake } from '../xmpp/link/try-handshake.ts';
import { disconnectHint } from '../xmpp/stream/disconnect-reasons.ts';
import type { RunningServer } from './running-server.ts';

export interface CheckLinksOptions {
  readonly links: Config['xmpp'];
  /** The running server, which holds the links. */
  readonly server: RunningServer | undefined;
  /** Whether a server that does not answer uses the store: it may hold the links. */
  readonly isServed: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Does the handshake of each link, except where a running server holds it: ejabberd and Tigase would give a second connection
 * a part of the stanzas, and a server with `kick_old` would end the first one.
 */
export async function* checkLinks(options: CheckLinksOptions): AsyncGenerator<Finding> {
  for (const link of options.links) yield { part: `link:${link.domain}`, ...(await checkLink(link, options)) };
}

async function checkLink(link: Config['xmpp'][number], options: CheckLinksOptions): Promise<PartFinding> {
  const { server, isServed, clock, log, metrics } = options;
  const { domain, service, secret, ca, limits, timing } = link;
  const held = server?.checks[`link:${domain}`];
  if (held?.status === 'pass') return { status: 'pass', message: 'already connected: the running server holds it' };
  if (held) {
    const message = `the running server has no link: ${held.reason ?? held.status}`;
    return { status: 'fail', message, ...(held.hint !== undefined && { hint: held.hint }) };
  }
  if (!server && isServed) {
    const hint = 'A server uses the store and may hold the link, but does not answer at http.ops. Is this its config?';
    return { status: 'warn', message: 'not tried', hint };
  }
  const connection = { service: service.url, domain, secret, ...(ca !== undefined && { ca }), limits, timing };
  const result = await tryHandshake({ ...connection, clock, log, metrics });
  if (result.kind === 'accepted') return { status: 'pass', message: `${service.url} accepts the component` };
  const { reason } = result;
  if (reason === 'conflict') {
    const hint =
      'If that is a server of yours on another machine, all is well: this one would stand by. Else end it. On ejabberd the domain must not be one of its hosts.';
    return { status: 'warn', message: 'already connected: another process holds this domain', hint };
  }
  const hint = disconnectHint(reason);
  return { status: 'fail', message: `no component link: ${reason}`, ...(hint !== undefined && { hint }) };
}
