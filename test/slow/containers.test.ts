import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createNetwork, startContainer } from '../deploy/container.ts';
import { asDockerRun, readCompose } from '../deploy/compose.ts';
import { buildImage, type Image, run, withoutDebian } from '../deploy/debian-root.ts';
import { last, parseDockerfile } from '../deploy/dockerfile.ts';
import { parseDockerRun } from '../deploy/docker-run.ts';
import { fillIn, startJudge } from '../deploy/judge.ts';
import { commandsBelow, root } from '../deploy/page.ts';
import { missingPackage } from '../support/debian.ts';
import { eventually } from '../support/process.ts';

const skip = await withoutDebian();
const folder = mkdtempSync(join(tmpdir(), 'sealpost-container-'));
after(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true });

/** Runs commands of docs/deploying.md in the folder. `docker` writes down what it was called with. */
function typed(block: string): string[][] {
  writeFileSync(join(folder, 'docker'), '#!/bin/sh\nprintf "%s\\0" "$@" >> calls; printf "\\n" >> calls\n', {
    mode: 0o755,
  });
  writeFileSync(join(folder, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  rmSync(join(folder, 'calls'), { force: true });
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  execFileSync('bash', ['-e', '-c', block], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  if (!existsSync(join(folder, 'calls'))) return [];
  const calls = readFileSync(join(folder, 'calls'), 'utf8').split('\n').slice(0, -1);
  return calls.map((call) => call.split('\0').slice(0, -1));
}

describe('containers', { skip }, () => {
  let image: Image;
  let imageFolder = '';
  before(async () => {
    const built = await buildImage();
    imageFolder = built.folder;
    image = built.image;
  });
  after(() => imageFolder && rmSync(imageFolder, { recursive: true, force: true }));

  test('image - run as the docs say, it carries sealed pushes to both providers', async (t) => {
    const [build = '', prepare = '', own = '', start = '', exec = ''] = commandsBelow('Docker');
    assert.deepEqual(typed(build), [['build', '-t', 'sealpost', '.']]);
    const network = await createNetwork();
    t.after(() => network.stop());
    const judge = await startJudge(network, join(folder, 'settings.json'));
    t.after(() => judge.stop());

    assert.deepEqual(typed(prepare), []);
    const [certs, secrets] = [join(folder, 'certs'), join(folder, 'secrets')];
    fillIn({ judge, config: join(folder, 'sealpost.yaml'), certs, secrets, authorities: 'certs' });
    assert.deepEqual(typed(own), []);
    const [call = []] = typed(start);
    const container = await startContainer({
      image,
      run: parseDockerRun(call.slice(1)),
      folder,
      network,
      ready: /"serving"/,
    });
    t.after(() => container.stop());

    const { report, code } = await judge.verdict;
    assert.match(report, /Green/);
    assert.equal(code, 0, report);

    await t.test('image - its health check passes', async () => {
      await container.exec(last(image.stage, 'HEALTHCHECK'));
    });

    await t.test('image - the command of docker exec asks the running server', async () => {
      const [[, , ...command] = []] = typed(exec);
      assert.match(await container.exec(command), /^Watching: /);
    });

    await t.test('image - both listeners are open to the network of the container', async () => {
      const sockets = readFileSync(`/proc/${container.pid}/net/tcp`, 'utf8');
      for (const port of last(image.stage, 'EXPOSE'))
        assert.ok(sockets.includes(` 00000000:${Number(port).toString(16).toUpperCase().padStart(4, '0')} `), port);
    });

    await t.test('image - it is user 1000 without any capability, and cannot get one', () => {
      const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
      assert.match(status, /^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
      assert.match(status, /^CapEff:\s+0+$/m);
      assert.match(status, /^CapBnd:\s+0+$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
    });

    await t.test('image - it writes to its volume and to nothing else', async () => {
      const kept = globSync('*', { cwd: join(folder, 'sealpost-data') });
      for (const name of ['sealpost.db', 'node.key']) assert.ok(kept.includes(name), String(kept));
      assert.equal(statSync(join(folder, 'sealpost-data')).mode & 0o777, 0o700);
      for (const path of ['/app/x', '/etc/sealpost/x', '/run/secrets/x', '/etc/sealpost/certs/x'])
        await assert.rejects(
          container.exec(['/bin/sh', '-c', `: > ${path}`]),
          /Read-only file system|Permission denied/,
        );
    });

    await t.test('image - it holds one Node, no package manager and nothing that only tests need', () => {
      const found = execFileSync('find', [image.root, '-xdev', '-name', 'node', '-type', 'f', '-perm', '/111'], {
        encoding: 'utf8',
      });
      assert.equal(found.trim(), join(image.root, 'usr/local/bin/node'));
      const commands = globSync('usr/local/bin/*', { cwd: image.root });
      assert.deepEqual(commands.toSorted(), ['usr/local/bin/node', 'usr/local/bin/sealpost']);
      const manifests = globSync('{,@*/}*/package.json', { cwd: join(image.root, 'app/node_modules') });
      assert.deepEqual(manifests.toSorted(), ['ltx/package.json', 'uplot/package.json']);
      assert.deepEqual(globSync('*', { cwd: join(image.root, 'app') }).toSorted(), [
        'LICENSE',
        'bin',
        'dist',
        'node_modules',
        'package.json',
      ]);
    });

    await t.test('image - docker stop ends it in order', async () => {
      assert.equal(await container.stop(), 0);
    });
  });

  const slixmpp = missingPackage('python3-slixmpp', '/usr/lib/python3/dist-packages/slixmpp');

  test(
    'compose - a message to a phone that sleeps comes out at the stand-in for APNs',
    { skip: slixmpp },
    async (t) => {
      const compose = readCompose(join(folder, 'deploy/compose.yaml'));
      const network = await createNetwork();
      t.after(() => network.stop());
      // Debian's packages are installed on this machine; its system stands for the image of Prosody.
      const [stage] = parseDockerfile(readFileSync(join(root, 'deploy/compose/prosody.Dockerfile'), 'utf8'));
      assert.ok(stage);
      const empty = mkdtempSync(join(folder, 'prosody-'));
      const prosody: Image = { root: empty, isOverlay: true, workdir: '/', env: { PATH: '/usr/bin:/bin' }, stage };
      // All services are in one network here, so each name leads to the loopback interface.
      writeFileSync(join(image.root, 'etc/hosts'), '127.0.0.1 localhost prosody\n');
      const start = async (name: string, of: Image, ready: RegExp) => {
        const service = compose.services[name];
        assert.ok(service, name);
        const how = asDockerRun(compose, service);
        const container = await startContainer({ image: of, run: how, folder: join(folder, 'deploy'), network, ready });
        t.after(() => container.stop());
        return container;
      };
      await start('prosody', prosody, /Hello and welcome/);
      const providers = await start('providers', image, /APNs is/);
      await providers.exec(compose.services['providers']?.healthcheck?.test.slice(1) ?? []);
      await start('sealpost', image, /component link is up/);

      const command = [
        '/usr/bin/python3',
        join(root, 'deploy/compose/phone.py'),
        '127.0.0.1',
        'localhost',
        'push.localhost',
      ];
      const [, token] =
        /has the token ([0-9a-f]+)/.exec(await run('nsenter', [`--net=${network.path}`, ...command])) ?? [];
      const line = await eventually('a push', () => providers.lines.find((one) => one.includes('"provider":"apns"')));
      const push = JSON.parse(line) as { token: string; status: number; body: { aps: { alert: object } } };
      assert.deepEqual([push.token, push.status, push.body.aps.alert], [token, 200, { body: 'New message!' }]);
    },
  );
});
