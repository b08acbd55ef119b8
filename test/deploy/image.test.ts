import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { allowedBy, last, parseDockerfile } from './dockerfile.ts';
import { parseDockerRun } from './docker-run.ts';
import { mountOf, readConfig } from './sample-config.ts';
import { commandsBelow, root } from './page.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const stages = parseDockerfile(read('Dockerfile'));
const image = stages.at(-1);
assert.ok(image);

const secrets = { '/run/secrets/component': 'juliet', '/run/secrets/admin-token': 'admin' };

/** The `docker run` of docs/deploying.md, as the shell reads it. */
function documentedRun() {
  const block = commandsBelow('Docker').find((text) => text.startsWith('docker run'));
  const script = `docker() { printf '%s\\0' "$@"; }\n${block}`;
  const [run, ...args] = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  assert.equal(run, 'run');
  return parseDockerRun(args);
}

test('image - every stage has the Node that the tests run with, by its version', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
  const { version } = lock.packages['node_modules/node'] ?? {};
  for (const { base } of stages) assert.equal(base, `node:${version}-bookworm-slim`);
});

test('image - it runs as a user that is no root, whom Kubernetes can tell by the number', () => {
  assert.deepEqual(last(image, 'USER'), ['1000:1000']);
});

test('image - it has one volume, and all that the context allows is used', () => {
  const volumes = image.instructions.filter(({ name }) => name === 'VOLUME').flatMap(({ args }) => args);
  assert.deepEqual(volumes, ['/var/lib/sealpost']);
  const copied = stages.flatMap(({ instructions }) =>
    instructions
      .filter(({ name, flags }) => name === 'COPY' && !flags.has('from'))
      .flatMap(({ args }) => args.slice(0, -1)),
  );
  assert.deepEqual([...new Set(copied)].toSorted(), allowedBy(read('.dockerignore')).toSorted());
});

test('image - an instruction that the tests do not know is an error', () => {
  assert.throws(() => parseDockerfile('FROM a\nADD b c\n'), /unknown instruction: ADD b c/);
  assert.deepEqual(
    parseDockerfile('FROM a AS b\n# no\nRUN --mount=type=cache,target=/x c \\\n  && d\nCMD ["e", "f g"]'),
    [
      {
        base: 'a',
        name: 'b',
        instructions: [
          {
            name: 'RUN',
            flags: new Map([['mount', 'type=cache,target=/x']]),
            args: ['c', '&&', 'd'],
            text: 'c    && d',
          },
          { name: 'CMD', flags: new Map(), args: ['e', 'f g'], text: '["e", "f g"]' },
        ],
      },
    ],
  );
});

test('image - the docker run of the docs locks the container up', () => {
  const run = documentedRun();
  assert.ok(run.isReadOnly);
  assert.deepEqual(run.droppedCapabilities, ['ALL']);
  assert.deepEqual(run.securityOptions, ['no-new-privileges']);
  assert.deepEqual(run.tmpfs, ['/tmp']);
});

test('image - the sample config reads and writes what docker run mounts, and listens where it publishes', () => {
  const { mounts, ports } = documentedRun();
  const { config, opened } = readConfig(read('deploy/docker/sealpost.yaml'), secrets);
  for (const path of [...opened, '/etc/sealpost/sealpost.yaml'])
    assert.equal(mountOf(path, mounts)?.isReadOnly, true, path);

  assert.ok(config.store.kind === 'sqlite');
  assert.deepEqual(last(image, 'VOLUME'), [dirname(config.store.path)]);
  assert.equal(mountOf(config.store.path, mounts)?.isReadOnly, false);

  const { ops, public: open } = config.http;
  assert.deepEqual([open.host, ops.host], ['0.0.0.0', '0.0.0.0']);
  assert.deepEqual(
    ports.map(({ inside }) => inside),
    [open.port, ops.port],
  );
  assert.deepEqual(last(image, 'EXPOSE'), [String(open.port), String(ops.port)]);
  // The ops listener must not be public, and a TLS proxy stands before the other.
  assert.ok(ports.every(({ address }) => address === '127.0.0.1'));
  const environment = image.instructions.filter(({ name }) => name === 'ENV').flatMap(({ args }) => args);
  assert.ok(environment.includes('SEALPOST_CONFIG=/etc/sealpost/sealpost.yaml'));
  assert.ok(environment.includes(`SEALPOST_HEALTH_URL=http://127.0.0.1:${ops.port}/healthz`));
});
