import type { Log } from '../telemetry/log.ts';
import type { Config } from './config.ts';

/** Logs what the server is about to run with: version, store, links and apps, and no secret. */
export function logSummary({ config, version, log }: { config: Config; version: string; log: Log }): void {
  const { file } = config.origin;
  log.info({ version, ...(file !== undefined && { file }) }, `Sealpost starts on Node ${process.versions.node}`);
  const { store } = config;
  if (store.kind === 'sqlite') log.info({ file: store.path }, 'the store is a SQLite file');
  else log.info({ url: withoutSecrets(store.url.reveal()) }, 'the store is a PostgreSQL database');
  for (const { service, domain, connections } of config.xmpp) {
    const { tls, host, port } = service;
    const url = `${tls ? 'xmpps' : 'xmpp'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    log.info({ link: domain, url, count: connections }, 'a component link belongs to this server');
  }
  for (const { name, provider, conventions } of config.apps) {
    log.info({ app: name, provider, conventions: conventions.join(', ') }, 'an app is served');
  }
}

/** Host, port and database of a PostgreSQL URL; user, password and options may be secret. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : 'postgres:';
}
