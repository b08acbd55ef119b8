import { z } from 'zod';
import { appsSchema } from './apps.ts';
import { authorities, listenerTls } from './kinds/tls.ts';
import { withHint } from './kinds/problems.ts';
import { parseNodeKey } from '../nodes/node-key.ts';
import { LONGEST_NODE } from '../nodes/sealed-node.ts';
import { foldCase } from '../core/jid.ts';
import { rateLimitsSection } from '../delivery/rate-limits.ts';
import { registrationsSection } from '../store/registry/limits.ts';
import { postgresSection } from '../store/postgres/settings.ts';
import { linkLimitsSection, linkTimingSection } from '../xmpp/stream/limits.ts';
import { storeLocation } from './store-location.ts';
import { createValueKinds, type NoteSecret, section, type Sources, type ValueKinds } from './kinds/values.ts';

/** The port that Prosody and Tigase listen on for components unless told otherwise. */
const COMPONENT_PORT = 5347;
/** Large enough for any vendor, small enough that no list is unbounded. */
const MAX_ENTRIES = 100;
/** A look-up of a node that is not in the store tries every key. */
const MAX_PREVIOUS_KEYS = 10;
/** More than any XMPP cluster has servers. */
const MAX_CONNECTIONS = 16;

/** Everything that `sealpost.yaml` says. */
export interface ConfigKeys extends Readonly<z.output<ReturnType<typeof createSchema>>> {}

/**
 * The whole of `sealpost.yaml`. Each key stands here, or in the room that it is about, with its bounds, its default and its
 * description; `npm run docs` writes docs/configuration.md from them.
 */
export function createSchema(sources: Sources, noteSecret: NoteSecret) {
  const values = createValueKinds(sources, noteSecret);
  return section({
    xmpp: z
      .array(link(values), { error: 'expected a list with at least one link (- service: …)' })
      .min(1, { error: 'expected at least one link (- service: …)' })
      .max(MAX_ENTRIES, { error: `more than ${MAX_ENTRIES} links` })
      .superRefine(refuseSameLinks, { when: ({ value }) => Array.isArray(value) })
      .describe('Component links (XEP-0114) to XMPP servers.'),
    http: section({
      ops: section(listener(values, 9090)).prefault({}).describe('Health, metrics, admin API: never public.'),
      public: section({
        ...listener(values, 8080),
        trustProxy: z
          .array(values.network(), { error: 'expected a list of addresses or networks' })
          .max(MAX_ENTRIES, { error: `more than ${MAX_ENTRIES} networks` })
          .default(['loopback'])
          .describe(
            'Proxies whose `X-Forwarded-For` is believed, so that clients and not the proxy are rate-limited. The default fits the default `host`, which only this machine can reach.',
          ),
      })
        .prefault({})
        .describe('Where clients unregister over HTTP and your own services register.'),
    })
      .superRefine(refuseSamePort, { when: ({ value }) => typeof value === 'object' && value !== null })
      .prefault({})
      .describe('The two HTTP listeners.'),
    store: storeLocation(values, sources)
      .prefault('sqlite:./data/sealpost.db')
      .describe(
        'Where registrations and queued pushes are kept: a SQLite file for one process, or a PostgreSQL database for any number. PostgreSQL on another machine is spoken to over TLS unless the URL ends in `?sslmode=disable`.',
      ),
    postgres: postgresSection(values).prefault({}).describe('How the PostgreSQL database under `store` is spoken to.'),
    nodes: nodes(values)
      .prefault({})
      .describe('What nodes, the names of registrations, are sealed with: [nodes.md](nodes.md).'),
    admin: section({
      token: values
        .secret('the bearer token of the admin API')
        .exactOptional()
        .describe('Bearer token of the admin API; without one the API is off.'),
      hosts: z
        .array(
          values.text('a host name without port', /^[A-Za-z0-9_.-]{1,253}$/).transform((name) => foldCase(name)),
          { error: 'expected a list of host names' },
        )
        .max(MAX_ENTRIES, { error: `more than ${MAX_ENTRIES} names` })
        .exactOptional()
        .describe(
          'Names under which the ops listener is reached, such as that of a container or a proxy. Addresses, `localhost` and `http.ops.host` need none. Under other names the admin API refuses, so that no web page can reach it.',
        ),
    })
      .prefault({})
      .describe(
        'The admin API on the ops listener, which `sealpost guard`, `devices`, `trace` and `send-test` speak to.',
      ),
    limits: rateLimitsSection(values)
      .prefault({})
      .describe('What one server, account or device may take: `burst` at once after a pause, `perMinute` for long.'),
    registrations: registrationsSection(values)
      .prefault({})
      .describe('How many devices of one XMPP server may be registered.'),
    credentials: section({
      checkInterval: values
        .duration('1s', '1d')
        .prefault('30s')
        .describe('How often the files with keys, certificates and service accounts are looked at; SIGHUP: at once.'),
    })
      .transform(({ checkInterval }) => ({ checkEveryMs: checkInterval }))
      .prefault({})
      .describe('Credentials of providers may be replaced while Sealpost runs.'),
    log: section({
      level: values
        .choice(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('The least important lines that are written.'),
      format: values
        .choice(['auto', 'json', 'text'])
        .default('auto')
        .describe(
          'Form of the lines: `json`, `text` for people, or `auto`: `text` where standard output is a terminal and `json` elsewhere.',
        ),
    })
      .prefault({})
      .describe('The log on standard output: a JSON object a line, or text.'),
    apps: appsSchema(values, sources),
  });
}

function nodes(values: ValueKinds) {
  return section({
    key: nodeKey(values)
      .exactOptional()
      .describe(
        'The node key: 32 bytes in base64. Without it, the file `node.key` beside the store, which is made when there is none.',
      ),
    previousKeys: z
      .array(nodeKey(values), { error: 'expected a list of node keys' })
      .max(MAX_PREVIOUS_KEYS, { error: `more than ${MAX_PREVIOUS_KEYS} previous keys` })
      .default([])
      .describe('Earlier node keys: they open the nodes that they sealed, and seal none.'),
    maxLength: values
      .count(128, LONGEST_NODE)
      .default(250)
      .describe(
        'Longest node, in characters. MongooseIM stores 250; other servers accept longer nodes, which hold more.',
      ),
  });
}

function nodeKey(values: ValueKinds) {
  return values
    .secret('a node key: 32 bytes in base64 (openssl rand -base64 32)')
    .refine((key) => parseNodeKey(key.reveal()) !== undefined, {
      error: withHint('is no node key', 'It is 32 bytes in base64: openssl rand -base64 32.'),
    });
}

function link(values: ValueKinds) {
  return section({
    service: values
      .text('the address of the component listener, such as xmpp://127.0.0.1:5347')
      .transform(parseService)
      .meta({
        allowed: '`xmpp://HOST:PORT`, `xmpps://HOST:PORT`',
        description: `Address of the component listener; \`xmpps:\` speaks TLS from the first byte. Without a port it is ${COMPONENT_PORT}.`,
      }),
    domain: values
      .text('a domain', /^[^\s@/<>&'"]{1,255}$/)
      .transform((domain) => foldCase(domain).replace(/\.$/, ''))
      .refine((domain) => !/\p{Lu}/u.test(domain), {
        error: withHint('has capital letters beyond A to Z', 'Write it in small letters, as the XMPP server does.'),
      })
      .describe("The component's domain; also the JID that clients register at."),
    secret: values.secret('the secret that the XMPP server has for this component'),
    ca: authorities(values, 'alone').exactOptional(),
    connections: values
      .count(1, MAX_CONNECTIONS)
      .default(1)
      .describe(
        'Connections for this domain. Only ejabberd and Tigase take more than one; ejabberd spreads the load over them, and one that is lost costs nothing.',
      ),
    limits: linkLimitsSection(values).prefault({}).describe('Limits on what the XMPP server sends.'),
    timing: linkTimingSection(values).prefault({}).describe('Time limits of the link.'),
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

/** Tolerates values that other checks have refused. */
function refuseSamePort(http: unknown, context: z.RefinementCtx): void {
  const { ops, public: open } = listeners.safeParse(http).data ?? {};
  if (!ops || !open || ops.port !== open.port || ops.port === 0) return;
  if (addressKey(ops.host) !== addressKey(open.host) && ![ops.host, open.host].some(isEveryAddress)) return;
  context.addIssue({
    code: 'custom',
    path: ['public', 'port'],
    message: withHint(
      'is the port of http.ops too',
      'Each listener needs a port of its own: http.ops is for you alone, http.public for clients.',
    ),
  });
}

const hostAndPort = z.object({ host: z.string(), port: z.number() });
const listeners = z.object({ ops: hostAndPort, public: hostAndPort });
const addressKey = (host: string) => (host === 'localhost' ? '127.0.0.1' : host);
const isEveryAddress = (host: string) => host === '0.0.0.0' || host === '::';

const linkIdentity = z.object({
  service: z.object({ host: z.string(), port: z.number() }),
  domain: z.string(),
});

function parseService(text: string, context: z.RefinementCtx) {
  const url = URL.parse(text);
  const tls = url?.protocol === 'xmpps:';
  const known = tls || url?.protocol === 'xmpp:';
  if (
    !url ||
    !known ||
    url.hostname === '' ||
    // The address is logged, and the secret has a key of its own.
    `${url.username}${url.password}` !== '' ||
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
    host: values
      .text('an address to listen on')
      .default('127.0.0.1')
      .describe('Address to listen on. By default this machine alone reaches it.'),
    port: values.count(0, 65_535).default(port).describe('Port to listen on. 0 takes any free port.'),
    tls: listenerTls(values)
      .exactOptional()
      .describe('Serve HTTPS; without it a TLS proxy belongs in front of the public listener.'),
  };
}
