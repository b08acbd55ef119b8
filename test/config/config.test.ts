import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type Config, ConfigError, loadConfig, parseConfig, parseConfigText } from '../../src/config/config.ts';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { createSources, p8, serviceAccount } from './files.ts';

const example = `
xmpp:                                   # one or more component links; the same domain twice only on ejabberd
  - service: xmpp://127.0.0.1:5347      # xmpps:// for a TLS listener; ca: for its CA
    domain: push.example.com
    secret: { file: /run/secrets/component }
http:
  ops:    { host: 127.0.0.1, port: 9090 }     # /healthz /readyz /metrics, admin API, console: never public
  public: { host: 127.0.0.1, port: 8080 }     # client unregister; behind a TLS proxy, or with tls: { cert: …, key: … }
store: sqlite:./data/sealpost.db              # or postgres://…: registrations and outbox
admin: { token: { env: SEALPOST_ADMIN_TOKEN } }
apps:
  siskin:
    provider: apns
    ids: [tigase:messenger:apns:1]            # provider ids that clients register with; also disco features
    conventions: [tigase]                     # default; also p2, v1, raw-token (then ids are the accepted pushModule names)
    topic: org.example.messenger
    key: { file: certs/AuthKey_ABC1234567.p8, id: ABC1234567, team: TEAM123456 }   # or cert: { file, passphrase }
    environment: production                   # production | sandbox | auto
    alert: { body: "New message!", sound: default }
    ttl: 7d
  android:
    provider: fcm
    ids: [fcm-xmpp-api]
    serviceAccount: { file: certs/service-account.json }
`;

const link = { service: 'xmpp://127.0.0.1:5347', domain: 'push.example.com', secret: 'juliet' };
const apns = {
  provider: 'apns',
  ids: ['tigase:messenger:apns:1'],
  topic: 'org.example.messenger',
  key: { file: 'certs/AuthKey_ABC1234567.p8', id: 'ABC1234567', team: 'TEAM123456' },
};
const fcm = { provider: 'fcm', ids: ['fcm-xmpp-api'], serviceAccount: { file: 'certs/service-account.json' } };
const small = { xmpp: [link], apps: { siskin: apns } };

/** What a link puts up with where the config says nothing else. */
const linkLimits = {
  stanzaBytes: 65_536,
  depth: 32,
  attributes: 32,
  nodes: 1_024,
  inFlight: 2_000,
  inFlightBytes: 16_777_216,
  unsentBytes: 1_048_576,
};
const linkTiming = {
  connectMs: 5_000,
  headerMs: 5_000,
  handshakeMs: 5_000,
  idleMs: 15_000,
  unconfirmedMs: 5_000,
  pongMs: 10_000,
  retryMaxMs: 4_000,
  refusedMs: 30_000,
  refusedMaxMs: 300_000,
  standByMs: 5_000,
};

/** The problems of a config as `path: message`. */
function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function appOf(app: object, sources = createSources()): Config['apps'][number] {
  const [only] = parseConfig({ xmpp: [link], apps: { app } }, sources).apps;
  assert.ok(only);
  return only;
}

test('config - the documented example reads as documented', () => {
  const { xmpp, http, store, admin, log, apps } = parseConfigText(example, createSources());

  assert.deepEqual(
    xmpp.map(({ secret, ...rest }) => ({ ...rest, secret: secret.reveal() })),
    [
      {
        service: { url: 'xmpp://127.0.0.1:5347', tls: false, host: '127.0.0.1', port: 5347 },
        domain: 'push.example.com',
        secret: 'juliet',
        connections: 1,
        limits: linkLimits,
        timing: linkTiming,
      },
    ],
  );
  assert.deepEqual(http, {
    ops: { host: '127.0.0.1', port: 9090 },
    public: { host: '127.0.0.1', port: 8080, trustProxy: ['loopback'] },
  });
  assert.deepEqual(store, { kind: 'sqlite', path: '/etc/sealpost/data/sealpost.db' });
  assert.equal(admin.token?.reveal(), 'admin-token');
  assert.deepEqual(log, { level: 'info', format: 'auto' });

  const [siskin, android] = apps;
  assert.ok(siskin?.provider === 'apns' && siskin.credentials.kind === 'token');
  const { credentials, ...shown } = siskin;
  assert.equal(credentials.key.reveal(), p8);
  assert.deepEqual([credentials.keyId, credentials.teamId], ['ABC1234567', 'TEAM123456']);
  assert.deepEqual(shown, {
    name: 'siskin',
    provider: 'apns',
    takesSecondToken: true,
    alertsAreSilent: false,
    ids: ['tigase:messenger:apns:1'],
    conventions: ['tigase'],
    plaintext: 'withhold',
    absentPriority: 'background',
    unimportant: 'carry',
    ttlMs: 604_800_000,
    backgroundIntervalMs: 20_000,
    inFlight: 500,
    topic: 'org.example.messenger',
    environment: 'production',
    alert: { category: 'MESSAGE', body: 'New message!', sound: 'default' },
    call: { body: 'Incoming call', sound: 'default' },
  });
  assert.deepEqual(android, {
    name: 'android',
    provider: 'fcm',
    takesSecondToken: false,
    alertsAreSilent: true,
    ids: ['fcm-xmpp-api'],
    conventions: ['tigase'],
    plaintext: 'withhold',
    absentPriority: 'background',
    unimportant: 'carry',
    ttlMs: 604_800_000,
    backgroundIntervalMs: 20_000,
    inFlight: 100,
    serviceAccountFile: '/etc/sealpost/certs/service-account.json',
    projectId: 'messenger-1',
  });
});

test('config - everything but links and apps has a default', () => {
  const { http, store, admin, log } = parseConfig(small, createSources());
  assert.deepEqual(
    { http, store, admin, log },
    {
      http: {
        ops: { host: '127.0.0.1', port: 9090 },
        public: { host: '127.0.0.1', port: 8080, trustProxy: ['loopback'] },
      },
      store: { kind: 'sqlite', path: '/etc/sealpost/data/sealpost.db' },
      admin: {},
      log: { level: 'info', format: 'auto' },
    },
  );
});

test('config - every setting of an app that has a default can be set', () => {
  const set = {
    conventions: ['tigase', 'v1'],
    plaintext: 'forward',
    absentPriority: 'alert',
    unimportant: 'bare',
    ttl: '12h',
    backgroundInterval: '5m',
    inFlight: 50,
    endpoint: 'https://127.0.0.1:2197',
  };
  const wording = { title: 'Messenger', locKey: 'NEW', titleLocKey: 'T', sound: 'none', category: 'CHAT' };
  const parsed = appOf({ ...apns, ...set, environment: 'auto', alert: wording });
  assert.ok(parsed.provider === 'apns');
  assert.deepEqual(
    [
      parsed.conventions,
      parsed.plaintext,
      parsed.absentPriority,
      parsed.unimportant,
      parsed.ttlMs,
      parsed.backgroundIntervalMs,
    ],
    [['tigase', 'v1'], 'forward', 'alert', 'bare', 43_200_000, 300_000],
  );
  assert.deepEqual([parsed.inFlight, parsed.endpoint, parsed.environment], [50, 'https://127.0.0.1:2197', 'auto']);
  assert.deepEqual(parsed.alert, { title: 'Messenger', locKey: 'NEW', titleLocKey: 'T', category: 'CHAT' });

  const android = appOf({ ...fcm, collapseKey: 'new', tokenEndpoint: 'https://127.0.0.1:8443/' });
  assert.ok(android.provider === 'fcm');
  assert.deepEqual([android.collapseKey, android.tokenEndpoint], ['new', 'https://127.0.0.1:8443']);
});

test('config - an alert has the category by which a known client clears, unless the config names another', () => {
  const alertOf = (over: object) => {
    const app = appOf({ ...apns, ...over });
    assert.ok(app.provider === 'apns');
    return app.alert.category;
  };
  assert.equal(alertOf({ ids: ['org.example', 'snikket:apns:1'] }), 'MESSAGE');
  assert.equal(alertOf({ alert: { body: 'You have mail' } }), 'MESSAGE');
  assert.equal(alertOf({ alert: { category: 'CHAT' } }), 'CHAT');
  assert.equal(alertOf({ ids: ['org.example'] }), undefined);
});

test('config - all mistakes are listed at once, each with line, column and what to do', () => {
  const text = `xmpp:
  - service: http://127.0.0.1
    domian: push.example.com
    secret: 12345
http:
  ops: { port: 99999 }
store: mysql:foo
apps:
  siskin:
    provider: apns
    topic: org.example.voip
    ttl: 7 days
    ids: [x, x]
  Foo:
    provider: gcm
`;
  assert.throws(() => parseConfigText(text, createSources(), 'sealpost.yaml'), {
    name: 'ConfigError',
    message: `sealpost.yaml:2:5: xmpp[0].domain: is missing
    It is a domain.
sealpost.yaml:2:14: xmpp[0].service: expected xmpp://HOST:PORT or xmpps://HOST:PORT
sealpost.yaml:3:5: xmpp[0].domian: unknown key
    Did you mean "domain"? Known here: service, domain, secret, ca, connections, limits, timing.
sealpost.yaml:4:13: xmpp[0].secret: expected text, found a number
    Put it in quotes.
sealpost.yaml:6:16: http.ops.port: expected a whole number from 0 to 65535
sealpost.yaml:7:8: store: expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
sealpost.yaml:9:3: apps.siskin: has neither key nor cert
    APNs needs one of them: key: { file: certs/AuthKey_ID.p8, id: …, team: … }, which never expires, or cert: { file: … }.
sealpost.yaml:11:12: apps.siskin.topic: does not have the right form
    It is the app's bundle id, without .voip at its end.
sealpost.yaml:12:10: apps.siskin.ttl: expected a duration such as 20s, 5m, 12h or 7d, from 1s to 28d
sealpost.yaml:13:14: apps.siskin.ids[1]: the same id stands twice in this list
sealpost.yaml:14:3: apps.Foo: an app name has 1 to 40 characters from a-z, 0-9, _ and -
sealpost.yaml:15:15: apps.Foo.provider: expected one of: apns, fcm`,
  });
});

const refused: readonly [string, unknown, readonly string[]][] = [
  ['an empty file', null, [': is empty: give it a value or remove the line']],
  ['a list', [], [': expected a map of keys and values']],
  [
    'nothing but a map',
    {},
    ['xmpp: expected a list with at least one link (- service: …)', 'apps: expected a map with at least one app'],
  ],
  ['no app', { xmpp: [link], apps: {} }, ['apps: expected at least one app']],
  [
    'a secret in the address of a link, which is logged',
    { ...small, xmpp: [{ ...small.xmpp[0], service: 'xmpp://push:hunter2@127.0.0.1:5347' }] },
    ['xmpp[0].service: expected xmpp://HOST:PORT or xmpps://HOST:PORT'],
  ],
  ['no link', { ...small, xmpp: [] }, ['xmpp: expected at least one link (- service: …)']],
  [
    'a key and a certificate, and neither, whatever else is wrong',
    { xmpp: [link], apps: { a: { ...apns, cert: { file: '/run/secrets/component' } } } },
    [
      'apps.a.cert.file: holds no usable pair of certificate and key, or the passphrase does not open it',
      'apps.a: has both key and cert',
    ],
  ],
  [
    'one id for two apps',
    { xmpp: [link], apps: { a: apns, b: { ...fcm, ids: ['x', ...apns.ids] } } },
    ['apps.b.ids[1]: app a has the same id, so a client that registers with it could mean either'],
  ],
  [
    'the same link twice',
    { ...small, xmpp: [link, { ...link, domain: 'PUSH.example.com.' }] },
    ['xmpp[1].domain: another link has the same service and domain'],
  ],
  [
    'a domain whose capital letters are folded in one way by some and in another by others',
    { ...small, xmpp: [{ ...link, domain: 'P\u00dcSH.example.com' }] },
    ['xmpp[0].domain: has capital letters beyond A to Z'],
  ],
  [
    'a database in memory',
    { ...small, store: 'sqlite::memory:' },
    ['store: would lose all registrations when the process ends; name a file, such as sqlite:./data/sealpost.db'],
  ],
  [
    'an endpoint with a path, one without TLS, one with a password',
    {
      xmpp: [link],
      apps: {
        a: { ...apns, endpoint: 'https://127.0.0.1/3/device' },
        b: { ...fcm, endpoint: 'http://127.0.0.1', tokenEndpoint: 'https://a:b@127.0.0.1' },
      },
    },
    ['a.endpoint', 'b.endpoint', 'b.tokenEndpoint'].map(
      (path) => `apps.${path}: expected the origin of an HTTPS server without a path, such as https://127.0.0.1:2197`,
    ),
  ],
  [
    'a proxy that is no network',
    { ...small, http: { public: { trustProxy: ['10.0.0.0/33', '10.0.0.0/8', 'loopback', '::1', 'any'] } } },
    [0, 4].map(
      (i) =>
        `http.public.trustProxy[${i}]: expected loopback, linklocal, uniquelocal, an IP address, or a network such as 10.0.0.0/8`,
    ),
  ],
  [
    'a list that is longer than it can be of use',
    {
      xmpp: [link],
      http: { public: { trustProxy: Array(101).fill('loopback') } },
      apps: { a: { ...apns, conventions: Array(6).fill('tigase') } },
    },
    ['http.public.trustProxy: more than 100 networks', 'apps.a.conventions: lists more conventions than exist'],
  ],
  [
    'a reference to nothing',
    { ...small, xmpp: [{ ...link, secret: { env: 'NOWHERE' } }], admin: { token: { file: 'nowhere' } } },
    [
      'xmpp[0].secret: the environment variable NOWHERE is not set',
      'admin.token: cannot read /etc/sealpost/nowhere (ENOENT)',
    ],
  ],
  [
    'one port for both listeners',
    { ...small, http: { ops: { port: 8080 } } },
    ['http.public.port: is the port of http.ops too'],
  ],
  [
    'one port for both listeners, one of which is on every address',
    { ...small, http: { ops: { host: '::', port: 9090 }, public: { host: '192.0.2.1', port: 9090 } } },
    ['http.public.port: is the port of http.ops too'],
  ],
  [
    'a limit in the form of other programs',
    { ...small, limits: { publishesPerDomain: '10/s', commandsPerDomain: 600, pushesPerToken: 'many' } },
    ['publishesPerDomain', 'commandsPerDomain', 'pushesPerToken'].map(
      (key) => `limits.${key}: expected { burst: NUMBER, perMinute: NUMBER }`,
    ),
  ],
  [
    'a reference with another key beside it',
    { ...small, xmpp: [{ ...link, secret: { env: 'A', file: 'b' } }] },
    ['xmpp[0].secret: expected text, { file: PATH } or { env: NAME }'],
  ],
  [
    'authorities that are none',
    { ...small, xmpp: [{ ...link, ca: 'certs/AuthKey_ABC1234567.p8' }] },
    ['xmpp[0].ca: holds no certificate in PEM, or a damaged one'],
  ],
];

/** The hint of the only problem. */
function hintOf(value: object, sources = createSources()): string | undefined {
  try {
    parseConfig(value, sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError && error.problems.length === 1);
    return error.problems[0]?.hint;
  }
  return undefined;
}

for (const [written, share] of [
  ['10/s', '10/s is { burst: 10, perMinute: 600 }'],
  ['600 / min', '600/m is { burst: 600, perMinute: 600 }'],
  ['30 per hour', '30/h is { burst: 30, perMinute: 1 }'],
] as const) {
  test(`config - a limit of ${written} is explained`, () => {
    assert.equal(
      hintOf({ ...small, limits: { publishesPerDomain: written } }),
      `${share}: burst may come at once after a pause, perMinute for long.`,
    );
  });
}

test('config - listeners on one port but on two addresses, or on any free port, are accepted', () => {
  for (const http of [
    { ops: { host: '127.0.0.1', port: 8080 }, public: { host: '192.0.2.1', port: 8080 } },
    { ops: { port: 0 }, public: { port: 0 } },
  ]) {
    assert.equal(parseConfig({ ...small, http }, createSources()).http.ops.port, http.ops.port);
  }
});

test('config - a service account that may not be read is refused with the code of the error', () => {
  const { readFile, ...others } = createSources();
  const locked = (path: string) => {
    if (path.endsWith('.json')) throw Object.assign(new Error('no'), { code: 'EACCES' });
    return readFile(path);
  };
  const config = { xmpp: [link], apps: { android: fcm } };
  assert.deepEqual(
    problemsOf(() => parseConfig(config, { ...others, readFile: locked })),
    ['apps.android.serviceAccount.file: cannot read /etc/sealpost/certs/service-account.json (EACCES)'],
  );
  assert.match(hintOf(config, { ...others, readFile: locked }) ?? '', /the user that Sealpost runs as/);
});

for (const [what, value, problems] of refused) {
  test(`config - ${what} is refused`, () => {
    assert.deepEqual(
      problemsOf(() => parseConfig(value, createSources())),
      problems,
    );
  });
}

test('config - two links for one domain are refused, several connections of one link are not', () => {
  const config = parseConfig({ ...small, xmpp: [{ ...link, connections: 2 }] }, createSources());
  assert.equal(config.xmpp[0]?.connections, 2);
});

test('config - the same id is no conflict between conventions that do not look apps up by it', () => {
  const p2 = { ...fcm, ids: apns.ids, conventions: ['p2'] };
  assert.equal(parseConfig({ xmpp: [link], apps: { a: apns, b: p2 } }, createSources()).apps.length, 2);
});

const token = 'c2VhbHBvc3QgcmVnaXN0cmF0aW9ucyE=';

test('config - the registration API of an app has a token that no printing shows', () => {
  const app = appOf({ ...apns, conventions: ['tigase', 'http'], api: { token } });
  assert.deepEqual(app.conventions, ['tigase', 'http']);
  assert.equal(app.api?.token.reveal(), token);
  assert.doesNotMatch(`${inspect(app)} ${JSON.stringify(app)}`, /c2Vhb/);
});

const wrongApis: readonly [string, object, string][] = [
  ['http without a token', { conventions: ['http'] }, 'conventions: includes http, which needs an API token'],
  ['a token without http', { api: { token } }, 'api: is of no use without http among the conventions'],
  [
    'a short token',
    { conventions: ['http'], api: { token: 'x'.repeat(23) } },
    'api.token: is not fit for a bearer token',
  ],
  [
    'a token with spaces',
    { conventions: ['http'], api: { token: 'x '.repeat(20) } },
    'api.token: is not fit for a bearer token',
  ],
  ['no token', { conventions: ['http'], api: {} }, 'api.token: is missing'],
];

for (const [what, keys, expected] of wrongApis) {
  test(`config - for the registration API, ${what} is refused`, () => {
    const read = () => parseConfig({ xmpp: [link], apps: { siskin: { ...apns, ...keys } } }, createSources());
    assert.deepEqual(problemsOf(read), [`apps.siskin.${expected}`]);
  });
}

test('config - two apps with the same token are refused: nobody knows which is meant', () => {
  const api = { conventions: ['http'], api: { token } };
  const read = () =>
    parseConfig({ xmpp: [link], apps: { a: { ...apns, ...api }, b: { ...fcm, ...api } } }, createSources());
  assert.deepEqual(problemsOf(read), [
    'apps.b.api.token: app a has the same token, so a request could mean either app',
  ]);
});

test('config - any kind of value can come from a file or from the environment', () => {
  const sources = createSources(
    { '/etc/sealpost/port': '8443\n' },
    { TTL: '5m', CONNECTIONS: '3', KEY: p8, DIR: 'sqlite:x.db' },
  );
  const config = parseConfig(
    {
      xmpp: [{ ...link, connections: { env: 'CONNECTIONS' } }],
      http: { ops: { port: { file: 'port' } } },
      store: { env: 'DIR' },
      apps: { a: { ...apns, ttl: { env: 'TTL' }, key: { ...apns.key, file: { env: 'KEY' } } } },
    },
    sources,
  );
  assert.equal(config.xmpp[0]?.connections, 3);
  assert.equal(config.http.ops.port, 8443);
  assert.deepEqual(config.store, { kind: 'sqlite', path: '/etc/sealpost/x.db' });
  const [app] = config.apps;
  assert.ok(app?.provider === 'apns' && app.credentials.kind === 'token');
  assert.deepEqual([app.ttlMs, app.credentials.key.reveal()], [300_000, p8]);
});

test('config - ${…} stays as it is', () => {
  const config = parseConfig({ ...small, xmpp: [{ ...link, secret: '${SEALPOST_ADMIN_TOKEN}' }] }, createSources());
  assert.equal(config.xmpp[0]?.secret.reveal(), '${SEALPOST_ADMIN_TOKEN}');
});

test('config - only an EC key on P-256 passes for one of APNs', () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const key of [p384.toString(), serviceAccount.private_key, p8.replace('MIG', 'MIH'), 'no key\n']) {
    const sources = createSources({ '/etc/sealpost/certs/AuthKey_ABC1234567.p8': key });
    assert.deepEqual(
      problemsOf(() => parseConfig(small, sources)),
      ['apps.siskin.key.file: is not a signing key for APNs (an EC key on P-256 in PEM)'],
    );
  }
});

test('config - a service account that lacks something is refused by the name of what it lacks', () => {
  const path = '/etc/sealpost/certs/service-account.json';
  const cases: readonly [string, string][] = [
    ['{', `${path} is not JSON`],
    [
      JSON.stringify({ ...serviceAccount, private_key: p8, client_email: undefined }),
      `${path} is not the key file of a service account: client_email, private_key missing or not usable`,
    ],
    [
      JSON.stringify({ project_info: { project_id: 'messenger-1' } }),
      `${path} is not the key file of a service account: type, project_id, client_email, private_key missing or not usable`,
    ],
  ];
  for (const [content, message] of cases) {
    assert.deepEqual(
      problemsOf(() => parseConfig({ xmpp: [link], apps: { a: fcm } }, createSources({ [path]: content }))),
      [`apps.a.serviceAccount.file: ${message}`],
    );
  }
});

test('config - certificates are read with their keys and tried', async () => {
  const authority = await createAuthority();
  const [one, other] = await Promise.all([authority.issue(['localhost']), authority.issue(['localhost'])]);
  const sources = createSources({
    '/etc/sealpost/pair.pem': one.certificate + '\n' + one.key,
    '/etc/sealpost/mixed.pem': one.certificate + '\n' + other.key,
    '/etc/sealpost/cert.pem': one.certificate,
    '/etc/sealpost/key.pem': one.key,
    '/etc/sealpost/other.pem': other.key,
    '/etc/sealpost/ca.pem': `# a comment\n${authority.certificate}`,
  });
  const { key: _, ...app } = apns;

  const parsed = appOf({ ...app, cert: { file: 'pair.pem', passphrase: 'x' }, ca: 'ca.pem' }, sources);
  assert.ok(parsed.provider === 'apns' && parsed.credentials.kind === 'certificate');
  assert.equal(Buffer.from(parsed.credentials.file).toString(), one.certificate + '\n' + one.key);
  assert.equal(parsed.credentials.passphrase?.reveal(), 'x');
  assert.equal(parsed.credentials.path, '/etc/sealpost/pair.pem');
  assert.match(parsed.ca ?? '', /BEGIN CERTIFICATE/);

  const tls = (key: string) => ({ ...small, http: { public: { tls: { cert: { file: 'cert.pem' }, key } } } });
  assert.equal(parseConfig(tls('key.pem'), sources).http.public.tls?.key.reveal(), one.key);
  assert.deepEqual(
    problemsOf(() => parseConfig(tls('other.pem'), sources)),
    ['http.public.tls.key: certificate and key do not belong together, or one of them is not PEM'],
  );
  assert.deepEqual(
    problemsOf(() => appOf({ ...app, cert: { file: 'mixed.pem' } }, sources)),
    ['apps.app.cert.file: holds no usable pair of certificate and key, or the passphrase does not open it'],
  );
});

test('config - services: TLS or not, IPv6, the usual port', () => {
  const serviceOf = (service: string) =>
    parseConfig({ ...small, xmpp: [{ ...link, service }] }, createSources()).xmpp[0]?.service;
  assert.deepEqual(serviceOf('xmpps://[::1]:5270'), { url: 'xmpps://[::1]:5270', tls: true, host: '::1', port: 5270 });
  assert.deepEqual(serviceOf('xmpp://xmpp.example.com'), {
    url: 'xmpp://xmpp.example.com',
    tls: false,
    host: 'xmpp.example.com',
    port: 5347,
  });
});

test('config - secrets show in no way of printing', () => {
  const config = parseConfigText(example, createSources());
  const shown = [
    JSON.stringify(config),
    inspect(config, { depth: null, showHidden: true }),
    String(config.admin.token),
  ];
  for (const text of shown) {
    assert.match(text, /\[secret\]/);
    for (const secret of ['juliet', 'admin-token', 'PRIVATE KEY']) assert.ok(!text.includes(secret));
  }
});

test('config - messages quote no value, for it may be a secret', () => {
  const text =
    'xmpp: [{ service: hunter2, domain: "hunter2 hunter2", secret: [hunter2] }]\nstore: hunter2\napps: { a: { provider: hunter2, ids: hunter2 } }\n';
  assert.throws(
    () => parseConfigText(text, createSources()),
    (error: Error) => !error.message.includes('hunter2'),
  );
  assert.throws(
    () => parseConfigText('secret: "hunter2\nfoo: *hunter2\n', createSources()),
    (error: Error) => error.name === 'ConfigError' && !error.message.includes('hunter2'),
  );
});

test('config - where its secrets came from is told, each place once', () => {
  const referring = parseConfigText(example, createSources()).origin;
  assert.deepEqual(referring, {
    holdsSecrets: false,
    secretFiles: [
      '/run/secrets/component',
      '/etc/sealpost/certs/AuthKey_ABC1234567.p8',
      '/etc/sealpost/certs/service-account.json',
    ],
  });
  const literal = parseConfig(
    { ...small, apps: { siskin: apns, second: { ...apns, ids: ['x'] } } },
    createSources(),
  ).origin;
  assert.deepEqual(literal, {
    holdsSecrets: true,
    secretFiles: ['/etc/sealpost/certs/AuthKey_ABC1234567.p8'],
  });
});

/** Secrets of a config that says nothing secret but this. */
const heldBy: readonly [string, object, boolean, readonly string[]][] = [
  ['nothing more', {}, false, []],
  ['a password for a proxy', { proxy: 'http://a:hunter2@proxy:3128' }, true, []],
  ['a proxy without password', { proxy: 'http://proxy:3128' }, false, []],
  ['an authority', { ca: 'certs/ca.pem' }, false, []],
  ['a key in the config', { key: { ...apns.key, file: p8 } }, true, []],
  ['a key from the environment', { key: { ...apns.key, file: { env: 'APNS_KEY' } } }, false, []],
  ['a key in a file that is named in a file', { key: { ...apns.key, file: { file: 'key' } } }, false, ['key']],
];

for (const [what, app, holdsSecrets, more] of heldBy) {
  test(`config - ${what}: the secrets’ places`, async () => {
    const { certificate } = await createAuthority();
    const sources = createSources(
      { '/etc/sealpost/certs/ca.pem': certificate, '/etc/sealpost/key': p8 },
      { APNS_KEY: p8, SECRET: 'juliet' },
    );
    const xmpp = [{ ...link, secret: { env: 'SECRET' } }];
    const { origin } = parseConfig({ xmpp, apps: { siskin: { ...apns, ...app } } }, sources);
    const usual = 'key' in app ? [] : ['certs/AuthKey_ABC1234567.p8'];
    const secretFiles = [...usual, ...more].map((file) => `/etc/sealpost/${file}`);
    assert.deepEqual(origin, { holdsSecrets, secretFiles });
  });
}

const known = 'Known here: service, domain, secret, ca, connections, limits, timing.';
const misplaced: readonly [string, string][] = [
  ['a secret before the colon', 'hunter2: secret'],
  ['words before the colon', 'correct-horse-battery: secret'],
  ['a random secret', 'aB3dE9fGhK2mNpQr:'],
  ['one in base64', '"4f+bQ0nTz/1Yw9VxTgXk0Q==": 1'],
  ['one in hexadecimal', '9f86d081884c7d659a2feaa0c55ad015: 1'],
  ['one in small letters', 'qjxkvbzmwpfgydlrchtsno: 1'],
  ['one of mixed letters', 'QjXkVBzmWPFgYdLr: 1'],
  ['a UUID', '8e03978e-40d5-43dd-bc93-6894a57f9324: 1'],
  ['a passphrase with spaces', 'correct horse: 1'],
  ['many words', 'correct-horse-battery-staple-and-one-more-word: 1'],
];

for (const [what, line] of misplaced) {
  test(`config - ${what} is no key, and its text is not told`, () => {
    const text = `xmpp:\n  - service: xmpp://127.0.0.1\n    domain: a\n    secret: b\n    ${line}\napps: { siskin: ${JSON.stringify(apns)} }\n`;
    assert.throws(() => parseConfigText(text, createSources()), {
      message: `sealpost.yaml:5:5: xmpp[0].(not shown): unknown key\n    It looks like a value on the wrong side of a colon. ${known}`,
    });
  });
}

for (const name of ['domian', 'componentSecret', 'bundle_id', 'push-module', 'in.flight', 'Secret', 'http2', 'x']) {
  test(`config - the unknown key ${name} is named`, () => {
    assert.deepEqual(
      problemsOf(() => parseConfig({ ...small, xmpp: [{ ...link, [name]: 1 }] }, createSources())),
      [`xmpp[0].${name}: unknown key`],
    );
  });
}

test('config - a secret in place of the name of an app, or of a variable, is not told', () => {
  const secret = 'aB3dE9fGhK2mNpQr';
  assert.deepEqual(
    problemsOf(() => parseConfig({ ...small, apps: { [secret]: apns } }, createSources())),
    ['apps.(not shown): an app name has 1 to 40 characters from a-z, 0-9, _ and -'],
  );
  assert.deepEqual(
    problemsOf(() => parseConfig({ ...small, apps: { 'eu-2_siskin2': {} } }, createSources())),
    ['apps.eu-2_siskin2.provider: expected one of: apns, fcm'],
  );
  assert.deepEqual(
    problemsOf(() => parseConfig({ ...small, admin: { token: { env: secret } } }, createSources())),
    ['admin.token: the environment variable with this name is not set'],
  );
});

const notYaml: readonly [string, string, string][] = [
  ['a tab', 'xmpp:\n\t- a: b\n', 'sealpost.yaml:2:1: not valid YAML: tab as indent'],
  ['a key given twice', 'store: a\nstore: b\n', 'sealpost.yaml:2:1: not valid YAML: duplicate key'],
  ['an unknown tag', 'store: !js/function x\n', 'sealpost.yaml:1:8: not valid YAML: tag resolve failed'],
  ['a key that JavaScript treats specially', 'apps:\n  __proto__: {}\n', 'sealpost.yaml:2:3: this cannot be a key'],
  ['a map as key', '{ { a: b }: c }\n', 'sealpost.yaml:1:3: this cannot be a key'],
];

for (const [what, text, message] of notYaml) {
  test(`config - ${what} is a syntax error with its position`, () => {
    assert.throws(() => parseConfigText(text, createSources()), { name: 'ConfigError', message });
  });
}

test('config - aliases that would grow without end are refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  assert.deepEqual(
    problemsOf(() => parseConfigText(lines.join('\n'), createSources())),
    [': aliases (*name) are nested too deeply'],
  );
});

test('config - a file is read from disk, its paths relative to it', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'sealpost-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'key.p8'), p8);
  writeFileSync(join(dir, 'big'), Buffer.alloc(1_048_577, 'x'));
  const app = { ...apns, key: { ...apns.key, file: 'key.p8' } };
  const write = (value: object) => writeFileSync(join(dir, 'sealpost.yaml'), JSON.stringify(value));

  write({ xmpp: [link], apps: { app } });
  assert.deepEqual(loadConfig(join(dir, 'sealpost.yaml'), {}).store, {
    kind: 'sqlite',
    path: join(dir, 'data/sealpost.db'),
  });
  write({ xmpp: [{ ...link, secret: { file: 'big' } }], apps: { app } });
  assert.deepEqual(
    problemsOf(() => loadConfig(join(dir, 'sealpost.yaml'), {})),
    [`xmpp[0].secret: cannot read ${join(dir, 'big')} (EFBIG)`],
  );
  assert.deepEqual(
    problemsOf(() => loadConfig(join(dir, 'missing.yaml'), {})),
    [': cannot be read (ENOENT)'],
  );
});

test('config - limits of a link and shares of servers, accounts and registrations', () => {
  const limits = { stanzaBytes: 32_768, inFlight: 200, inFlightBytes: 1_048_576 };
  const share = { burst: 120, perMinute: 90 };
  const written = { ...small, xmpp: [{ ...link, limits }], limits: { pushesPerRegistration: share } };
  const config = parseConfig(written, createSources());
  assert.deepEqual(config.xmpp[0]?.limits, { ...linkLimits, ...limits });
  assert.deepEqual(config.limits, {
    publishesPerDomain: { burst: 10_000, perSecond: 2_000 },
    publishesPerAccount: { burst: 50, perSecond: 5 },
    commandsPerDomain: { burst: 5_000, perSecond: 100 },
    commandsPerAccount: { burst: 60, perSecond: 0.1 },
    pushesPerRegistration: { burst: 120, perSecond: 1.5 },
    pushesPerToken: { burst: 150, perSecond: 1.5 },
  });
});

test('config - how long a link waits', () => {
  const timing = { idle: '1m', pong: '20s', retryMax: '2s', refusedMax: '1h' };
  const config = parseConfig({ ...small, xmpp: [{ ...link, timing }] }, createSources());
  assert.deepEqual(config.xmpp[0]?.timing, {
    ...linkTiming,
    idleMs: 60_000,
    pongMs: 20_000,
    retryMaxMs: 2_000,
    refusedMaxMs: 3_600_000,
  });
});

test('config - credentials know the file that they came from, so that it can be looked at again', () => {
  const named = { id: 'ABC1234567', team: 'TEAM123456' };
  const pathOf = (file: unknown, env: Record<string, string> = {}) => {
    const parsed = appOf({ ...apns, key: { file, ...named } }, createSources({ '/run/apns.p8': `${p8}\n` }, env));
    assert.ok(parsed.provider === 'apns' && parsed.credentials.kind === 'token');
    assert.equal(parsed.credentials.key.reveal().trim(), p8.trim());
    return parsed.credentials.path;
  };
  assert.equal(pathOf('certs/AuthKey_ABC1234567.p8'), '/etc/sealpost/certs/AuthKey_ABC1234567.p8');
  assert.equal(pathOf({ env: 'KEY_FILE' }, { KEY_FILE: '/run/apns.p8' }), '/run/apns.p8');
  assert.equal(pathOf({ file: '/run/apns.p8' }), '/run/apns.p8');
  assert.equal(pathOf({ env: 'KEY' }, { KEY: p8 }), undefined);
  assert.equal(pathOf(p8), undefined);
});

test('config - how often credentials are looked at', () => {
  const parse = (credentials: object) => parseConfig({ ...small, credentials }, createSources()).credentials;
  assert.deepEqual(parse({}), { checkEveryMs: 30_000 });
  assert.deepEqual(parse({ checkInterval: '5m' }), { checkEveryMs: 300_000 });
  assert.deepEqual(
    problemsOf(() => parse({ checkInterval: '0s' })),
    ['credentials.checkInterval: expected a duration such as 20s, 5m, 12h or 7d, from 1s to 1d'],
  );
});
