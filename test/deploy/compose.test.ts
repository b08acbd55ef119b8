import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createAuthority } from '../../src/harness/stand-ins/certificates.ts';
import { asDockerRun, readCompose } from './compose.ts';
import { p8, serviceAccount } from '../config/files.ts';
import { parseDockerfile } from './dockerfile.ts';
import { root } from './page.ts';
import { mountOf, readConfig } from './sample-config.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

function serviceOf(file: string, name: string) {
  const compose = readCompose(join(root, file));
  const service = compose.services[name];
  assert.ok(service, `${file} has no service ${name}`);
  return { service, run: asDockerRun(compose, service) };
}

for (const [file, name] of [
  ['deploy/compose.yaml', 'providers'],
  ['deploy/compose.yaml', 'sealpost'],
  ['deploy/scale/compose.yaml', 'sealpost'],
] as const) {
  test(`compose - ${name} of ${file} is locked up`, () => {
    const { run } = serviceOf(file, name);
    assert.ok(run.isReadOnly);
    assert.deepEqual(
      [run.tmpfs, run.droppedCapabilities, run.securityOptions],
      [['/tmp'], ['ALL'], ['no-new-privileges']],
    );
  });
}

for (const file of ['deploy/compose.yaml', 'deploy/scale/compose.yaml']) {
  const compose = readCompose(join(root, file));
  const folder = join(root, file, '..');

  test(`compose - ${file}: what it builds from and mounts is there, and volumes and secrets are declared and used`, () => {
    const used = Object.values(compose.services).flatMap((service) => asDockerRun(compose, service).mounts);
    const volumes = used.map(({ source }) => source).filter((source) => !source.includes('/'));
    assert.deepEqual([...new Set(volumes)].toSorted(), Object.keys(compose.volumes).toSorted());
    const secrets = Object.values(compose.services).flatMap((service) => service.secrets);
    assert.deepEqual([...new Set(secrets)].toSorted(), Object.keys(compose.secrets).toSorted());
    // The operator brings the keys of the providers.
    const paths = used.map(({ source }) => source).filter((source) => source.startsWith('./') && source !== './certs');
    for (const path of paths) assert.ok(existsSync(join(folder, path)), path);
    for (const { build } of Object.values(compose.services)) {
      if (build === undefined) continue;
      const [context, dockerfile] =
        typeof build === 'string' ? [build, 'Dockerfile'] : [build.context, build.dockerfile];
      parseDockerfile(readFileSync(join(folder, context, dockerfile), 'utf8'));
    }
  });

  test(`compose - ${file}: a service that waits for another waits for what that one can tell`, () => {
    for (const service of Object.values(compose.services))
      for (const [name, { condition }] of Object.entries(service.depends_on)) {
        const other = compose.services[name];
        assert.ok(other, name);
        // Our image brings a health check along.
        if (condition === 'service_healthy') assert.ok(other.healthcheck ?? other.image === 'sealpost', name);
      }
  });

  test(`compose - ${file}: only the machine itself reaches what is published`, () => {
    for (const { ports } of Object.values(compose.services))
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:/);
  });
}

test('compose - to try: names, ports, secret and keys are the same in all places', async () => {
  const { service, run } = serviceOf('deploy/compose.yaml', 'sealpost');
  const providers = serviceOf('deploy/compose.yaml', 'providers');
  const prosody = serviceOf('deploy/compose.yaml', 'prosody');
  const keys = {
    'AuthKey_HARNESS123.p8': p8,
    'service-account.json': JSON.stringify(serviceAccount),
    'ca.pem': (await createAuthority()).certificate,
  };
  const files = Object.fromEntries(Object.entries(keys).map(([name, text]) => [`/etc/sealpost/certs/${name}`, text]));
  const { config, opened } = readConfig(read('deploy/compose/sealpost.yaml'), files, run.environment);

  assert.deepEqual(opened, Object.keys(files).toSorted());
  const volume = mountOf('/etc/sealpost/certs/ca.pem', run.mounts)?.source;
  assert.equal(volume, providers.run.mounts.find(({ target }) => target === '/var/lib/sealpost')?.source);
  assert.ok(config.store.kind === 'sqlite');
  assert.equal(mountOf(config.store.path, run.mounts)?.isReadOnly, false);

  const [link] = config.xmpp;
  assert.deepEqual([link?.service.host, link?.service.port], ['prosody', 5347]);
  const lua = read('deploy/compose/prosody.cfg.lua');
  assert.equal(/Component "(.+)"/.exec(lua)?.[1], link?.domain);
  assert.ok(lua.includes('component_secret = ENV_COMPONENT_SECRET'));
  assert.equal(link?.secret.reveal(), prosody.run.environment['COMPONENT_SECRET']);

  assert.equal(service.network_mode, 'service:providers');
  assert.deepEqual(
    providers.run.ports.map(({ inside }) => inside),
    [config.http.public.port, config.http.ops.port],
  );
  const option = (name: string) => providers.run.command[providers.run.command.indexOf(name) + 1];
  assert.deepEqual(
    config.apps.map(({ endpoint }) => endpoint),
    [`https://127.0.0.1:${option('--apns-port')}`, `https://127.0.0.1:${option('--fcm-port')}`],
  );
});

test('compose - to scale: the config reads the secrets that it is given, and each of them', () => {
  const { service, run } = serviceOf('deploy/scale/compose.yaml', 'sealpost');
  const secrets = {
    component: 'juliet',
    'admin-token': 'admin',
    'node-key': Buffer.alloc(32, 1).toString('base64'),
    'postgres-url': 'postgres://sealpost:secret@postgres/sealpost?sslmode=disable',
  };
  const files = Object.fromEntries(Object.entries(secrets).map(([name, text]) => [`/run/secrets/${name}`, text]));
  const { config, opened } = readConfig(read('deploy/scale/sealpost.yaml'), files);
  assert.equal(config.store.kind, 'postgres');
  for (const path of opened) assert.equal(mountOf(path, run.mounts)?.isReadOnly, true, path);
  assert.deepEqual(
    service.secrets.map((name) => `/run/secrets/${name}`).toSorted(),
    opened.filter((path) => path.startsWith('/run/secrets/')),
  );
  assert.equal(service.deploy?.replicas, 3);
  assert.deepEqual([config.http.public.host, config.http.ops.host], ['0.0.0.0', '0.0.0.0']);
});
