import { resolve } from 'node:path';
import { z } from 'zod';
import { appsSchema } from './apps.ts';
import { authorities, listenerTls } from './kinds/tls.ts';
import { withHint } from './kinds/problems.ts';
import { foldCase } from '../core/jid.ts';
import { createSecret } from '../core/secret.ts';
import { createValueKinds, type NoteSecret, section, type Sources, type ValueKinds } from './kinds/values.ts';

/** The port that Prosody and Tigase listen on for components unless told otherwise. */
const COMPONENT_PORT = 5347;
/** Large enough for any vendor, small enough that no list is unbounded. */
const MAX_ENTRIES = 100;
/** More than nodes in any cluster. */
const MAX_CONNECTIONS = 16;

export type ParsedConfig = z.output<ReturnType<typeof createSchema>>;

/** The whole of `sealpost.yaml`; what each key means stands beside it. */
export function createSchema(sources: Sources, noteSecret: NoteSecret) {
  const values = createValueKinds(sources, noteSecret);
  return section({
    /** Component links (XEP-0114), at least one. */
    xmpp: z
      .array(link(values), { error: 'expected a list with at least one link (- service: …)' })
      .min(1, { error: 'expected at least one link (- service: …)' })
      .max(MAX_ENTRIES, { error: `more than ${MAX_ENTRIES} links` })
      .superRefine(refuseSameLinks, { when: ({ value }) => Array.isArray(value) }),
    http: section({
      /** Health, metrics, admin API, console: never public. */
      ops: section(listener(values, 9090)).prefault({}),
      /** Where clients unregister over HTTP. */
      public: section({
        ...listener(values, 8080),
        /**
         * Proxies whose `X-Forwarded-For` is believed, so that clients and not the proxy are rate-limited. Default: the
         * same machine, as the default `host` is reached from nowhere else.
         */
        trustProxy: z
          .array(values.network(), { error: 'expected a list of addresses or networks' })
          .max(MAX_ENTRIES)
          .default(['loopback']),
      }).prefault({}),
    }).prefault({}),
    /** Registrations and outbox. */
    store: store(values, sources).prefault('sqlite:./data/sealpost.db'),
    admin: section({
      /** Bearer token of the admin API; without one the API is off. */
      token: values.secret('the bearer token of the admin API').optional(),
    }).prefault({}),
    limits: limits(values),
    credentials: section({
      /** How often the files with keys, certificates and service accounts are looked at; SIGHUP: at once. */
      checkInterval: values.duration('1s', '1d').prefault('30s'),
    }).prefault({}),
    log: section({
      level: values.choice(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    }).prefault({}),
    apps: appsSchema(values, sources),
  });
}

function link(values: ValueKinds) {
  return section({
    /** `xmpp://HOST:PORT`; `xmpps://` speaks TLS from the first byte. */
    service: values
      .text('the address of the component listener, such as xmpp://127.0.0.1:5347')
      .transform(parseService),
    /** The component's domain; also the JID that clients register at. */
    domain: values
      .text('a domain', /^[^\s@/<>&'"]{1,255}$/)
      .transform((domain) => foldCase(domain).replace(/\.$/, ''))
      .refine((domain) => !/\p{Lu}/u.test(domain), {
        error: withHint('has capital letters beyond A to Z', 'Write it in small letters, as the XMPP server does.'),
      }),
    secret: values.secret('the secret that the XMPP server has for this component'),
    /** Authorities trusted for `xmpps://` beside the system's. */
    ca: authorities(values).optional(),
    /**
     * Connections for this domain. Only ejabberd and Tigase take more than one; ejabberd spreads the load over them, and
     * one that is lost costs nothing.
     */
    connections: values.count(1, MAX_CONNECTIONS).default(1),
    /** What the link puts up with; defaults and their reasons: `LinkLimits`. */
    limits: section({
      stanzaBytes: values.count(10_240, 16_777_216).optional(),
      depth: values.count(8, 1_000).optional(),
      attributes: values.count(8, 1_000).optional(),
      nodes: values.count(64, 100_000).optional(),
      inFlight: values.count(1, 100_000).optional(),
      unsentBytes: values.count(65_536, 268_435_456).optional(),
    }).prefault({}),
    /** How long the link waits for what; defaults and their reasons: `LinkTiming`. */
    timing: section({
      connect: values.duration('1s', '5m').optional(),
      header: values.duration('1s', '5m').optional(),
      handshake: values.duration('1s', '5m').optional(),
      /** Of silence, before the server is pinged. */
      idle: values.duration('1s', '1h').optional(),
      /** The same, while something that was written may not have arrived. */
      unconfirmed: values.duration('1s', '1h').optional(),
      /** For any sign of life from the first ping on. */
      pong: values.duration('1s', '5m').optional(),
      /** Longest pause before the next attempt. */
      retryMax: values.duration('1s', '1h').optional(),
      /** First and longest pause after a refusal that only somebody can mend. */
      refused: values.duration('1s', '1h').optional(),
      refusedMax: values.duration('1s', '1d').optional(),
    }).prefault({}),
  });
}

/** Tolerates values that other checks have refused. */
function refuseSameLinks(links: readonly unknown[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [i, value] of links.entries()) {
    const { service, domain } = linkIdentity.safeParse(value).data ?? {};
    if (!service) continue;
    const identity = `${service.host} ${service.port} ${domain}`;
    if (seen.has(identity)) {
      context.addIssue({
        code: 'custom',
        path: [i, 'domain'],
        message: withHint(
          'another link has the same service and domain',
          'For several connections to one ejabberd say connections: 2 in one entry.',
        ),
      });
    }
    seen.add(identity);
  }
}

const linkIdentity = z.object({
  service: z.object({ host: z.string(), port: z.number() }),
  domain: z.string(),
});

/** What one server, account or registration may take; defaults and their reasons: `Shares`. */
function limits(values: ValueKinds) {
  const share = section({
    /** What may come at once after a pause. */
    burst: values.count(1, 10_000_000),
    /** What may come for long. */
    perMinute: values.count(1, 600_000_000),
  })
    .transform(({ burst, perMinute }) => ({ burst, perSecond: perMinute / 60 }))
    .optional();
  return section({
    publishesPerDomain: share,
    publishesPerAccount: share,
    commandsPerDomain: share,
    commandsPerAccount: share,
    pushesPerRegistration: share,
    pushesPerToken: share,
  }).prefault({});
}

function parseService(text: string, context: z.RefinementCtx) {
  const url = URL.parse(text);
  const tls = url?.protocol === 'xmpps:';
  const known = tls || url?.protocol === 'xmpp:';
  if (
    !url ||
    !known ||
    url.hostname === '' ||
    url.port === '0' ||
    !/^\/?$/.test(`${url.pathname}${url.search}${url.hash}`)
  ) {
    context.addIssue('expected xmpp://HOST:PORT or xmpps://HOST:PORT');
    return z.NEVER;
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { url: text, tls, host, port: url.port === '' ? COMPONENT_PORT : Number(url.port) };
}

function listener(values: ValueKinds, port: number) {
  return {
    /** Address to listen on. Default: this machine only. */
    host: values.text('an address to listen on').default('127.0.0.1'),
    /** 0: any free one. */
    port: values.count(0, 65_535).default(port),
    /** Serve HTTPS; without it a TLS proxy belongs in front of the public listener. */
    tls: listenerTls(values).optional(),
  };
}

function store(values: ValueKinds, { baseDir }: Sources) {
  const about = 'sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE';
  return values.text(about).transform((text, context) => {
    if (text === 'sqlite::memory:') {
      context.addIssue(
        'would lose all registrations when the process ends; name a file, such as sqlite:./data/sealpost.db',
      );
      return z.NEVER;
    }
    if (/^sqlite:.*[^/]$/.test(text)) {
      return { kind: 'sqlite', path: resolve(baseDir, text.slice('sqlite:'.length)) } as const;
    }
    if (/^postgres(ql)?:\/\/./.test(text)) return { kind: 'postgres', url: createSecret(text) } as const;
    context.addIssue(`expected ${about}`);
    return z.NEVER;
  });
}
