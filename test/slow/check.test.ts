import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { check } from '../../src/commands/check.ts';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { systemClock } from '../../src/time/clock.ts';
import { freePort } from '../support/process.ts';
import { defaults, startProviders, startSealpost } from '../support/sealpost.ts';

interface Told {
  readonly code: number;
  readonly text: string;
  /** `status part: message` of each finding. */
  readonly lines: readonly string[];
}

async function run(file: string, ...options: string[]): Promise<Told> {
  let text = '';
  const output = { write: (written: string) => (text += written) };
  const args = ['--config', file, ...options];
  const code = await check({ args, env: {}, output, clock: systemClock, random: Math.random });
  const lines = text.split('\n').flatMap((line) => /^(pass|warn|fail) {2}(.*)$/.exec(line)?.slice(1).join(' ') ?? []);
  return { code, text, lines };
}

/** Both providers, an XMPP server and a config that leads to them; nothing of Sealpost runs. */
async function site(t: TestContext, over: (usual: Record<string, unknown>) => object = () => ({})) {
  const providers = await startProviders();
  const acceptor = await createAcceptor({
    components: new Map([['push.localhost', 's3cret']]),
    clock: systemClock,
    randomBytes,
  });
  t.after(async () => {
    await acceptor.close();
    await providers.stop();
  });
  const usual = {
    xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(providers.folder),
    http: { ops: { port: await freePort() }, public: { port: await freePort() } },
    apps: providers.apps,
  };
  const config = { ...usual, ...over(usual) };
  const file = join(providers.folder, 'sealpost.yaml');
  const write = (text: string) => writeFileSync(file, text, { mode: 0o600 });
  write(stringify(config));
  return { ...providers, acceptor, config, file, write };
}

/** Of the parts that depend on the machine. */
const isOfMachine = (line: string) => /^\w+ (files|dns:)/.test(line);

test('check - where all is well each part says so, and nothing is made, sent or left connected', async (t) => {
  const { file, folder, config, acceptor, apns, fcm } = await site(t);
  const before = readdirSync(folder);
  const { code, text, lines } = await run(file);
  const path = join(folder, 'sealpost.db');
  assert.deepEqual(
    lines.filter((line) => !isOfMachine(line)),
    [
      `pass config: ${file}: 1 link, 2 apps`,
      `warn app:siskin: Siskin IM crashes on sealed content in the background`,
      `warn node-key: there is no node key ${join(folder, 'node.key')} yet; the next start makes it`,
      `warn store: there is no store ${path} yet; the first start makes it`,
      'pass app:siskin: key ABC1234567 signs a provider token',
      'pass app:siskin: APNs accepts credentials and settings',
      'pass app:android: the service account of project sealpost-test can be used',
      'pass app:android: Google gives the service account an access token',
      'pass app:android: FCM accepts credentials and settings',
      'pass clock: the clock of this machine agrees with the providers',
      `pass http.ops: port ${config.http.ops.port} is free`,
      `pass http.public: port ${config.http.public.port} is free`,
      `pass link:push.localhost: ${acceptor.service} accepts the component`,
    ],
  );
  assert.equal(code, 0);
  assert.match(text, /\n {6}→ This is right before the first start only\./);
  assert.match(text, /\n\d+ pass, \d warn, 0 fail\n$/);
  assert.deepEqual(readdirSync(folder), before);
  assert.deepEqual([apns.received.length, fcm.received.length], [1, 1]);
  assert.deepEqual(acceptor.connections, []);
  for (const secret of ['s3cret', 'PRIVATE KEY', fcm.received[0]?.token ?? '']) assert.ok(!text.includes(secret));
});

test('check - offline nothing is asked, and no port is opened', async (t) => {
  const { file, apns, fcm, acceptor } = await site(t);
  const { code, lines } = await run(file, '--offline');
  assert.equal(code, 0);
  assert.deepEqual([apns.connections, fcm.connections], [0, 0]);
  assert.deepEqual(acceptor.connections, []);
  assert.deepEqual(
    lines.map((line) => line.split(' ')[1]).filter((part) => part !== 'files:'),
    ['config:', 'app:siskin:', 'node-key:', 'store:', 'app:siskin:', 'app:android:'],
  );
});

test('check - what does not work fails, with the way out of each, and the exit code says so', async (t) => {
  const { file, apns, fcm, config } = await site(t, ({ xmpp }) => ({
    xmpp: [{ ...(xmpp as object[])[0], secret: 'wr0ng' }],
  }));
  apns.script('*', { status: 403, reason: 'InvalidProviderToken' });
  fcm.scriptTokens({ status: 400, error: 'invalid_grant' });
  const other = createServer().listen(config.http.ops.port, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { code, text, lines } = await run(file);
  assert.equal(code, 1);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('fail')),
    [
      'fail app:siskin: APNs refuses us: InvalidProviderToken',
      'fail app:android: Google gives the service account no access token: oauth-refused',
      `fail http.ops: cannot listen on 127.0.0.1:${(other.address() as AddressInfo).port}: another process has this port (EADDRINUSE)`,
      'fail link:push.localhost: no component link: not-authorized',
    ],
  );
  for (const wayOut of [/compare id and team/, /put a new key file/, /ss -ltnp/, /the secret is not the one/]) {
    assert.match(text, wayOut);
  }
  assert.doesNotMatch(text, /wr0ng/);
});

test('check - a mistake in the config is shown where it stands, as all that can be said', async (t) => {
  const { file, write } = await site(t);
  write('xmpp: []\napps: { siskin: { provider: apns, topic: 7 } }\n');
  const { code, lines, text } = await run(file);
  assert.equal(code, 1);
  assert.ok(lines.includes(`fail config: ${file}:1:1: xmpp: expected at least one link (- service: …)`), text);
  assert.ok(lines.every((line) => line.startsWith('fail config: ')));
});

test('check - as JSON it is one object with the same findings', async (t) => {
  const { file } = await site(t);
  const { code, text } = await run(file, '--json', '--offline');
  const { status, findings } = JSON.parse(text) as { status: string; findings: { part: string; status: string }[] };
  assert.deepEqual([code, status], [0, 'warn']);
  assert.deepEqual(findings[0], { part: 'config', status: 'pass', message: `${file}: 1 link, 2 apps` });
  assert.ok(findings.every((finding) => ['pass', 'warn', 'fail'].includes(finding.status)));
});

test('check - a running server goes on undisturbed: its store is read alone, its link is its own', async (t) => {
  const { file, folder, config, acceptor } = await site(t);
  const sealpost = await startSealpost(folder, config);
  t.after(() => sealpost.stop());
  const connection = await acceptor.whenConnected('push.localhost', 10_000);
  const { code, lines, text } = await run(file);
  assert.equal(code, 0, text);
  const path = join(folder, 'sealpost.db');
  const told = lines.filter((line) => /^\w+ (store|server|link:|node-key|http)/.test(line));
  assert.deepEqual(told, [
    `pass node-key: the node key is ${join(folder, 'node.key')}; keep a copy of it with the provider keys`,
    `pass store: the store ${path} was read (a running server uses it): 0 registrations`,
    'pass server: a server runs with this config; its health is pass',
    'pass link:push.localhost: already connected: the running server holds it',
  ]);
  assert.equal(await acceptor.whenConnected('push.localhost', 1_000), connection);
  const metrics = await (await fetch(`${sealpost.opsUrl}/metrics`)).text();
  assert.match(metrics, /^sealpost_link_up\{link="push.localhost"\} 1$/m);
  assert.doesNotMatch(metrics, /^sealpost_link_reconnects_total\{.*\} [1-9]/m);
});

test('check - what troubles the running server is told, and a link that it has lost', async (t) => {
  const { file, folder, config, acceptor } = await site(t);
  const sealpost = await startSealpost(folder, config);
  t.after(() => sealpost.stop());
  await acceptor.whenConnected('push.localhost', 10_000);
  await acceptor.close();
  const { code, lines } = await run(file);
  assert.equal(code, 1);
  const [link] = lines.filter((line) => line.includes('link:push.localhost'));
  assert.match(link ?? '', /^fail link:push.localhost: the running server has no link: (waiting|connecting)/);
});

test('check - a server that uses the store and does not answer may hold the link, which is then not tried', async (t) => {
  const { file, folder, config, acceptor, write } = await site(t);
  const sealpost = await startSealpost(folder, config);
  t.after(() => sealpost.stop());
  const connection = await acceptor.whenConnected('push.localhost', 10_000);
  write(stringify({ ...config, http: { ops: { port: await freePort() }, public: { port: await freePort() } } }));
  const { lines } = await run(file);
  assert.ok(lines.includes('warn link:push.localhost: not tried'), lines.join('\n'));
  assert.equal(await acceptor.whenConnected('push.localhost', 1_000), connection);
});

test('check - a domain that another process holds is told, and that process keeps it', async (t) => {
  const { file, acceptor, apps } = await site(t);
  const other = await startProviders();
  const sealpost = await startSealpost(other.folder, {
    xmpp: [{ service: acceptor.service, domain: 'push.localhost', secret: 's3cret' }],
    ...defaults(other.folder),
    apps,
  });
  t.after(async () => {
    await sealpost.stop();
    await other.stop();
  });
  const connection = await acceptor.whenConnected('push.localhost', 10_000);
  const { code, lines } = await run(file);
  assert.equal(code, 0);
  assert.ok(lines.includes('warn link:push.localhost: already connected: another process holds this domain'));
  assert.deepEqual(acceptor.connections, [connection]);
});

test('check - it needs a config', async () => {
  const output = { write: () => undefined };
  await assert.rejects(
    check({ args: [], env: {}, output, clock: systemClock, random: Math.random }),
    /a config is missing: --config FILE or SEALPOST_CONFIG/,
  );
  assert.equal(existsSync('sealpost.db'), false);
});
